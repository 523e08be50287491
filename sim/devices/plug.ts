import type { Sensor } from '../device.js';
import { between, waitingTime } from '../random.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** It reports every half minute. */
const PERIOD_MS = MINUTE_MS / 2;
const OFF_MS = 20 * MINUTE_MS;
const ON_MS = 8 * MINUTE_MS;
const STANDBY_WATTS = 1.5;

interface Plug {
  readonly running: boolean;
  readonly watts: number;
  readonly changesAtMs: number;
  /** Since it was plugged in. */
  readonly kilowattHours: number;
  readonly atMs: number;
}

/** `{"power":1230.5,"energy":12.34}`: watts now, kilowatt hours in all, of a kettle, an oven, a heater. */
export const plug: Sensor<Plug> = {
  kind: 'plug',
  begin: ({ nowMs, random }) => ({
    state: {
      running: false,
      watts: STANDBY_WATTS,
      changesAtMs: nowMs + waitingTime(random, OFF_MS / 3),
      kilowattHours: between(random, 1, 500),
      atMs: nowMs,
    },
    nextAtMs: nowMs + between(random, 0, PERIOD_MS),
  }),
  step: (before, { nowMs, random }) => {
    let state: Plug = {
      ...before,
      kilowattHours: before.kilowattHours + (before.watts / 1_000) * ((nowMs - before.atMs) / HOUR_MS),
      atMs: nowMs,
    };
    if (nowMs >= state.changesAtMs) {
      const running = !state.running;
      const watts = running ? between(random, 600, 2_400) : STANDBY_WATTS;
      state = { ...state, running, watts, changesAtMs: nowMs + waitingTime(random, running ? ON_MS : OFF_MS) };
    }
    const power = state.watts * between(random, 0.98, 1.02);
    return {
      state,
      report: {
        state: 'ON',
        power: Math.round(power * 10) / 10,
        energy: Math.round(state.kilowattHours * 1_000) / 1_000,
        voltage: Math.round(between(random, 228, 233)),
      },
      nextAtMs: nowMs + PERIOD_MS,
    };
  },
};
