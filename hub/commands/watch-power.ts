/** Looks now and then whether the machine is on battery. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isOnBattery, type PowerSupply } from '../placement/index.js';
import { watchWhether, type Watch } from './watch-whether.js';

/** Where Linux tells of power supplies; elsewhere there is nothing, which counts as mains. */
export const POWER_SUPPLIES = '/sys/class/power_supply';
/** Cables are pulled by hand: half a minute later is soon enough, and reading some files is nothing. */
const EVERY_MS = 30_000;

export interface PowerWatch extends Pick<Watch, 'timer' | 'changed'> {
  readonly dir: string;
}

/** Tells whether it is on battery; at first it was on mains. @returns what ends it; nothing is called after that. */
export function watchPower({ dir, ...watch }: PowerWatch): () => void {
  const look = async (): Promise<boolean> => isOnBattery(await readSupplies(dir));
  return watchWhether({ ...watch, everyMs: EVERY_MS, look });
}

async function readSupplies(dir: string): Promise<readonly PowerSupply[]> {
  const names = await readdir(dir).catch(() => []);
  return Promise.all(
    names.map(async (name) => {
      const [type, online, status, scope] = await Promise.all(
        ['type', 'online', 'status', 'scope'].map((field) => readField(join(dir, name, field))),
      );
      return { type: type ?? '', online, status, scope };
    }),
  );
}

/** A field that a supply does not have, or that its driver cannot tell now, is undefined. */
async function readField(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
}
