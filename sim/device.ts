import type { Random } from './random.js';
import type { RoomClimate } from './room-climate.js';

/** What a device says, before it is written as JSON. */
export type Report = Readonly<Record<string, string | number | boolean>>;

/** What a device knows when its turn comes. Times are simulated, in milliseconds since 1970. */
export interface Turn {
  readonly nowMs: number;
  readonly random: Random;
  readonly climate: RoomClimate;
}

export interface Step<State> {
  readonly state: State;
  /** Absent when it has nothing to say. */
  readonly report?: Report;
  /** When its next turn is. */
  readonly nextAtMs: number;
}

/** A device that measures: behaviour only, its state is passed in and answered. */
export interface Sensor<State> {
  /** The last level of its topic. */
  readonly kind: string;
  /** Its state before its first report. */
  begin(turn: Turn): Step<State>;
  step(state: State, turn: Turn): Step<State>;
}

interface Obeyed<State> {
  readonly state: State;
  readonly report: Report;
}

/** A device that is told what to do, under `<its topic>/set`, and then reports its state. */
export interface Actuator<State> {
  readonly kind: string;
  begin(): State;
  /** @param command the decoded JSON, or the text if it is not JSON. @returns undefined if it means nothing to this device. */
  obey(state: State, command: unknown): Obeyed<State> | undefined;
}

/** A field of an object of unknown shape. */
export function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

/** `{"state":"ON"}`, or plainly `ON`, in any case. */
export function stateOf(command: unknown): 'ON' | 'OFF' | 'TOGGLE' | undefined {
  const text = typeof command === 'string' ? command : field(command, 'state');
  if (typeof text !== 'string') return undefined;
  const upper = text.toUpperCase();
  return upper === 'ON' || upper === 'OFF' || upper === 'TOGGLE' ? upper : undefined;
}
