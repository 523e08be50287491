/** Looks now and then whether the machine is hot. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hottest, isHot, type ThermalZone } from '../placement/index.js';
import type { Timer } from '../timer.js';

/** Where Linux tells of thermal zones; elsewhere there is nothing, which counts as cool. */
export const THERMAL_ZONES = '/sys/class/thermal';
/** A machine that works gets hot within a minute or so. */
const EVERY_MS = 10_000;

export interface TemperatureWatch {
  readonly dir: string;
  /** In degrees Celsius. */
  readonly hotFrom: number;
  readonly timer: Pick<Timer, 'after'>;
  /** Called when it is not as it was before; at first it was cool. */
  readonly changed: (isHot: boolean) => void;
}

/** @returns what ends it; nothing is called after that. */
export function watchTemperature({ dir, hotFrom, timer, changed }: TemperatureWatch): () => void {
  let wasHot = false;
  let isEnded = false;
  let takeBack: () => void = () => undefined;
  const look = async (): Promise<void> => {
    const now = isHot(hottest(await readZones(dir)), hotFrom, wasHot);
    if (isEnded) return;
    if (now !== wasHot) changed(now);
    wasHot = now;
    takeBack = timer.after(EVERY_MS, () => void look());
  };
  void look();
  return () => {
    isEnded = true;
    takeBack();
  };
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
