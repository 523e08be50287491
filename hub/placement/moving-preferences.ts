/** What an application says of runs of a task that move, where it says something: pure. */
import type { Terms } from '../../provider/protocol/migration/index.js';

/** Those of a provider's terms that a person may say; what is not there is decided at each point. */
export type MovingPreferences = Partial<Pick<Terms, 'responsible' | 'mode' | 'pointMs' | 'reclaimMs'>>;

export const RESPONSIBLE = ['auto', 'hub', 'provider'] as const;
export const MODES = ['auto', 'synchronous', 'asynchronous'] as const;

/** Bounds of what may be said. */
export const MOVING_BOUNDS = {
  /** A point takes some milliseconds to be made: more of them would be most of the work. */
  least: 10,
  /** What a link that is lost costs at most; who wants more does not want a run to move. */
  pointMs: 3_600_000,
  /** As long as a hub is away from its providers at most, and still counts on them. */
  reclaimMs: 7 * 24 * 3_600_000,
} as const;

/** Without those that are for the hub to decide. */
export function movingPreferences(said: {
  readonly responsible: (typeof RESPONSIBLE)[number];
  readonly mode: (typeof MODES)[number];
  readonly pointMs: number | undefined;
  readonly reclaimMs: number | undefined;
}): MovingPreferences {
  const { responsible, mode, pointMs, reclaimMs } = said;
  return {
    ...(responsible === 'auto' ? {} : { responsible }),
    ...(mode === 'auto' ? {} : { mode }),
    ...(pointMs === undefined ? {} : { pointMs }),
    ...(reclaimMs === undefined ? {} : { reclaimMs }),
  };
}
