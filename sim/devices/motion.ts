import type { Sensor, Step, Turn } from '../device.js';
import { between, waitingTime } from '../random.js';

const MINUTE_MS = 60_000;
/** People stay away, and stay, about this long. */
const AWAY_MS = 5 * MINUTE_MS;
const STAY_MS = 3 * MINUTE_MS;
/** While nothing changes, it repeats itself. */
const REPEAT_MS = 2 * MINUTE_MS;

interface Motion {
  readonly occupied: boolean;
  /** When somebody comes or goes next. */
  readonly changesAtMs: number;
  readonly sinceMs: number;
  readonly battery: number;
}

/** `{"occupancy":true}` when someone comes, `false` when all is quiet; repeated every two minutes. */
export const motion: Sensor<Motion> = {
  kind: 'motion',
  begin: ({ nowMs, random }) => {
    const changesAtMs = nowMs + waitingTime(random, AWAY_MS / 3);
    const state = { occupied: false, changesAtMs, sinceMs: nowMs, battery: Math.round(between(random, 60, 100)) };
    return { state, nextAtMs: Math.min(changesAtMs, nowMs + between(random, 0, REPEAT_MS)) };
  },
  step: (state, turn) => say(turn.nowMs >= state.changesAtMs ? change(state, turn) : state, turn),
};

function change(state: Motion, { nowMs, random }: Turn): Motion {
  const occupied = !state.occupied;
  return { ...state, occupied, sinceMs: nowMs, changesAtMs: nowMs + waitingTime(random, occupied ? STAY_MS : AWAY_MS) };
}

function say(state: Motion, { nowMs }: Turn): Step<Motion> {
  const quiet = Math.round((nowMs - state.sinceMs) / 1_000);
  return {
    state,
    report: {
      occupancy: state.occupied,
      ...(state.occupied || quiet === 0 ? {} : { no_occupancy_since: quiet }),
      battery: state.battery,
    },
    nextAtMs: Math.min(state.changesAtMs, nowMs + REPEAT_MS),
  };
}
