/** Times two ways of doing the same, in turn, so that what else the machine does falls on both. */

/** Enough calls for V8 to have replaced the code of its first compiler. */
const WARM_UP_CALLS = 12;

/** The minimum of this many is what the machine can do when it is let. */
const ROUNDS = 40;

/** Does the same work each time, and answers with what shows that it was the same. */
export type Work = () => unknown;

export interface Compared {
  readonly plainMs: number;
  readonly meteredMs: number;
}

/**
 * The shortest time of each over interleaved rounds.
 * @throws Error if the two do not answer the same.
 */
export async function compare(name: string, plain: Work, metered: Work): Promise<Compared> {
  const [plainAnswer, meteredAnswer] = [await plain(), await metered()];
  if (plainAnswer !== meteredAnswer) {
    throw new Error(`${name} answers ${String(meteredAnswer)} when metered and ${String(plainAnswer)} when not`);
  }
  for (let i = 0; i < WARM_UP_CALLS; i++) for (const work of [plain, metered]) await timeMs(work);

  let plainMs = Infinity;
  let meteredMs = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    plainMs = Math.min(plainMs, await timeMs(plain));
    meteredMs = Math.min(meteredMs, await timeMs(metered));
  }
  return { plainMs, meteredMs };
}

async function timeMs(work: Work): Promise<number> {
  // V8 hands over optimised code between tasks.
  await new Promise((resolve) => setImmediate(resolve));
  const startedAt = performance.now();
  const answer = work();
  if (answer instanceof Promise) await answer;
  return performance.now() - startedAt;
}
