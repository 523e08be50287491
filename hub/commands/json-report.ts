import type { Observation, Observer } from '../observations.js';

/** One line of JSON for each thing that happens. Bytes are given by their number: a line stays a line. */
export function jsonReport(out: { write(text: string): unknown }): { readonly observe: Observer; finish(): void } {
  return {
    observe: (observation) => void out.write(`${JSON.stringify(lineOf(observation))}\n`),
    finish: () => undefined,
  };
}

function lineOf(observation: Observation): object {
  if (observation.kind === 'published') {
    const { payload, ...message } = observation.message;
    return { ...observation, message: { ...message, payloadBytes: payload.length } };
  }
  if (observation.kind === 'run-retried') {
    const { payload, ...event } = observation.event;
    return { ...observation, event: { ...event, payloadBytes: payload.length } };
  }
  if (observation.kind !== 'run-finished') return observation;
  const { event, effects, ...run } = observation;
  const { payload, ...rest } = event;
  return { ...run, event: { ...rest, payloadBytes: payload.length }, effects: effects.length };
}
