import type { RunResult } from '../../runtime/index.js';
import type { Timer } from '../timer.js';
import { PLACEMENT_BOUNDS } from './limits.js';

export interface FirstResultParts<There> {
  /** Has the run executed at a provider. */
  readonly there: (signal: AbortSignal | undefined) => Promise<There>;
  readonly here: (signal: AbortSignal) => Promise<RunResult>;
  /** Whether it is to be executed here as well, once it is late; undefined when it must not be. */
  readonly mayBeHere: (() => boolean) | undefined;
  /** How long the provider has before it is late, in milliseconds. */
  readonly lateMs: number;
  readonly timer: Timer;
  readonly signal: AbortSignal | undefined;
}

export type FirstResult<There> =
  | { readonly side: 'there'; readonly answer: There }
  | { readonly side: 'here'; readonly result: RunResult };

/**
 * A run that a provider does not answer for long is executed here as well, and the first result counts: both would be the
 * same. The other is told to end.
 * @throws what `there` rejects with, unless it is executed here by then.
 */
export async function firstResult<There>(parts: FirstResultParts<There>): Promise<FirstResult<There>> {
  const { there, here, mayBeHere, lateMs, timer, signal } = parts;
  if (mayBeHere === undefined) return { side: 'there', answer: await there(signal) };
  const [ends, endsHere] = [new AbortController(), new AbortController()];
  const either = (own: AbortController): AbortSignal =>
    signal === undefined ? own.signal : AbortSignal.any([signal, own.signal]);
  let isHere = false;
  let stop: () => void = () => undefined;
  const late = new Promise<FirstResult<There>>((resolve, reject) => {
    const look = (): void => {
      isHere = mayBeHere();
      if (!isHere) stop = timer.after(PLACEMENT_BOUNDS.lateAgainMs, look);
      else here(either(endsHere)).then((result) => resolve({ side: 'here', result }), reject);
    };
    stop = timer.after(lateMs, look);
  });
  const inTime = there(either(ends)).then(
    (answer): FirstResult<There> => ({ side: 'there', answer }),
    (error: unknown) => {
      if (isHere) return late;
      throw error;
    },
  );
  try {
    return await Promise.race([inTime, late]);
  } finally {
    stop();
    ends.abort();
    endsHere.abort();
    // Nobody looks at the other one.
    for (const one of [inTime, late]) one.catch(() => undefined);
  }
}
