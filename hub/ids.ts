import { randomBytes, randomFillSync } from 'node:crypto';

/**
 * Ids of events: when they were made, a part that differs with each start of the hub, and a number that grows. So ids
 * sort by time, and what an id names can be looked for from there on.
 *
 * @param clock milliseconds since 1970 (UTC).
 */
export function eventIds(clock: () => number): () => string {
  const start = randomBytes(5).toString('hex');
  let count = 0;
  return () => `${clock().toString(36)}-${start}-${(count++).toString(36)}`;
}

/** When the id of an event, or of a run of it, was made, in milliseconds since 1970 (UTC); 0 when it does not say. */
export function bornMs(id: string): number {
  const time = /^([0-9a-z]{8,9})-[0-9a-f]{10}-/.exec(id)?.[1];
  return time === undefined ? 0 : Number.parseInt(time, 36);
}

/** Seeds of runs: whole numbers below 2^53, unpredictable, drawn from the system some hundred at a time. */
export function runSeeds(): () => number {
  const words = new Uint32Array(512);
  let used = words.length;
  return () => {
    if (used === words.length) {
      randomFillSync(words);
      used = 0;
    }
    const high = (words[used] ?? 0) >>> 11;
    const low = words[used + 1] ?? 0;
    used += 2;
    return high * 2 ** 32 + low;
  };
}
