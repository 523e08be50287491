import type { Sensor, Step, Turn } from '../device.js';
import { between, waitingTime } from '../random.js';

const MINUTE_MS = 60_000;
const SHUT_MS = 15 * MINUTE_MS;
const OPEN_MS = 1 * MINUTE_MS;

interface Contact {
  readonly shut: boolean;
  readonly battery: number;
}

/** `{"contact":false}` when the door or window opens, `true` when it shuts. */
export const contact: Sensor<Contact> = {
  kind: 'contact',
  begin: ({ nowMs, random }) => ({
    state: { shut: true, battery: Math.round(between(random, 60, 100)) },
    nextAtMs: nowMs + waitingTime(random, SHUT_MS / 3),
  }),
  step: (state, turn) => turnTo(!state.shut, state, turn),
};

function turnTo(shut: boolean, state: Contact, { nowMs, random }: Turn): Step<Contact> {
  return {
    state: { ...state, shut },
    report: { contact: shut, battery: state.battery },
    nextAtMs: nowMs + waitingTime(random, shut ? SHUT_MS : OPEN_MS),
  };
}
