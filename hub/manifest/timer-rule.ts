/** What wakes a task by the clock. */
export interface TimerRule {
  /** Its own within the task; its number among the triggers, from 1, when it was not given one. */
  readonly name: string;
  readonly when: When;
  readonly catchUp: CatchUp;
  /** What the task gets; undefined for a JSON object that says when it was scheduled. */
  readonly payload: string | undefined;
}

export type When =
  /** @see cronMoments. `zone` is undefined for the machine's. */
  | { readonly kind: 'cron'; readonly line: string; readonly zone: string | undefined }
  /** Whole multiples of it since 1970 (UTC). */
  | { readonly kind: 'every'; readonly everyMs: number };

/** What becomes of firings that were missed: nothing, the last one comes late, or all of them do. */
export type CatchUp = 'none' | 'last' | 'all';

/** The first level of the topics of timers' events. No device can publish there: nobody subscribes to it. */
export const TIMER_LEVEL = '$timer';

/** The topic of a timer's events. */
export function timerTopic(task: string, timer: string): string {
  return `${TIMER_LEVEL}/${task}/${timer}`;
}
