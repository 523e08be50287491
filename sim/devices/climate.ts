import type { Sensor, Turn } from '../device.js';
import { between } from '../random.js';

/** It reports about once a minute. */
const PERIOD_MS = 60_000;
const NOISE = 0.05;

interface Climate {
  readonly humidity: number;
  readonly battery: number;
}

/** `{"temperature":21.3,"humidity":45.2,"pressure":1009}` of the room it hangs in. */
export const climate: Sensor<Climate> = {
  kind: 'climate',
  begin: ({ nowMs, random }) => ({
    state: { humidity: between(random, 38, 52), battery: Math.round(between(random, 60, 100)) },
    nextAtMs: nowMs + between(random, 0, PERIOD_MS),
  }),
  step: (state, turn) => {
    const humidity = drift(state.humidity, turn);
    return {
      state: { ...state, humidity },
      report: {
        temperature: round(turn.climate.temperature + between(turn.random, -NOISE, NOISE), 2),
        humidity: round(humidity, 1),
        pressure: 1009,
        battery: state.battery,
      },
      nextAtMs: turn.nowMs + PERIOD_MS * between(turn.random, 0.9, 1.1),
    };
  },
};

/** Humidity wanders, and comes back to 45 %. */
function drift(humidity: number, { random }: Turn): number {
  return humidity + (45 - humidity) * 0.02 + between(random, -0.6, 0.6);
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
