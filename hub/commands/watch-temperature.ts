/** Looks now and then whether the machine is hot. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hottest, isHot, type ThermalZone } from '../placement/index.js';
import { watchWhether, type Watch } from './watch-whether.js';

/** Where Linux tells of thermal zones; elsewhere there is nothing, which counts as cool. */
export const THERMAL_ZONES = '/sys/class/thermal';
/** A machine that works gets hot within a minute or so. */
const EVERY_MS = 10_000;

export interface TemperatureWatch extends Pick<Watch, 'timer' | 'changed'> {
  readonly dir: string;
  /** In degrees Celsius. */
  readonly hotFrom: number;
}

/** Tells whether it is hot; at first it was cool. @returns what ends it; nothing is called after that. */
export function watchTemperature({ dir, hotFrom, ...watch }: TemperatureWatch): () => void {
  const look = async (wasHot: boolean): Promise<boolean> => isHot(hottest(await readZones(dir)), hotFrom, wasHot);
  return watchWhether({ ...watch, everyMs: EVERY_MS, look });
}

async function readZones(dir: string): Promise<readonly ThermalZone[]> {
  const names = await readdir(dir).catch(() => []);
  return Promise.all(
    names
      .filter((name) => name.startsWith('thermal_zone'))
      .map(async (name) => {
        const temp = await readFile(join(dir, name, 'temp'), 'utf8').catch(() => undefined);
        return { temp: temp?.trim() };
      }),
  );
}
