/**
 * What shaping remembers, as it is kept over a restart. Pure.
 *
 * The monotonic clock begins anew with the process, so that what is kept has
 * times of the machine's clock. That one may have been set meanwhile: nothing
 * lies further ahead, afterwards, than it ever can.
 */
import { SHAPING_BOUNDS } from './limits.js';
import type { Shaping } from '../manifest/index.js';
import type { Memory } from './shapers.js';

/** Both clocks at one moment. */
export interface Clocks {
  /** The monotonic one. */
  readonly nowMs: number;
  /** The machine's. */
  readonly wallMs: number;
}

/** About what an entry costs besides its text. */
const ENTRY_BYTES = 32;

/** The newest of a memory, up to a bound, in times of the machine's clock. */
export function keptOf({ keys, seen }: Memory, { nowMs, wallMs }: Clocks): Memory {
  const ahead = wallMs - nowMs;
  let left: number = SHAPING_BOUNDS.keptShapingBytes;
  const fits = (text: string): boolean => (left -= 3 * text.length + ENTRY_BYTES) >= 0;
  return {
    keys: newest(keys, ({ key, value = '' }) => fits(key + value)).map((one) => {
      return { ...one, openAtMs: one.openAtMs === undefined ? undefined : one.openAtMs + ahead };
    }),
    seen: newest(seen, ([text]) => fits(text)).map(([text, atMs]) => [text, atMs + ahead]),
  };
}

/**
 * What is still worth remembering of what was kept, in times of the monotonic clock.
 *
 * @param isComplete Whether nothing has come since it was kept. If something
 * may have, a value may not be the last one any more: an event that changes it
 * back would be taken for no change, and be lost. What came within a window,
 * or went within an interval, is true all the same.
 */
export function memoryOf(kept: Memory, rules: Shaping, { nowMs, wallMs, isComplete }: Restoring): Memory {
  const { dedupe, throttle } = rules;
  const keys = kept.keys.flatMap(({ key, value: last, openAtMs: openAt }) => {
    const value = isComplete ? last : undefined;
    const left = openAt === undefined || throttle === undefined ? 0 : Math.min(openAt - wallMs, throttle.everyMs);
    const openAtMs = left > 0 ? nowMs + left : undefined;
    return value === undefined && openAtMs === undefined ? [] : [{ key, value, openAtMs }];
  });
  const windowMs = dedupe?.windowMs ?? 0;
  const seen = kept.seen.flatMap(([text, atMs]): [string, number][] => {
    const ageMs = Math.max(0, wallMs - atMs);
    return ageMs < windowMs ? [[text, nowMs - ageMs]] : [];
  });
  return { keys, seen };
}

export interface Restoring extends Clocks {
  readonly isComplete: boolean;
}

/** The last ones, as far as they fit, in their order. */
function newest<T>(all: readonly T[], fits: (one: T) => boolean): readonly T[] {
  let from = all.length;
  for (let one = all[from - 1]; one !== undefined && fits(one); one = all[from - 1]) from--;
  return all.slice(from);
}
