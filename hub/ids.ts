import { randomBytes, randomFillSync } from 'node:crypto';

/** Ids of events: a part that differs with each start of the hub, and a number that grows. */
export function eventIds(): () => string {
  const start = randomBytes(6).toString('hex');
  let count = 0;
  return () => `${start}-${(count++).toString(36)}`;
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
