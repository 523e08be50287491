import type { Observation } from '../../../hub/observations.js';

type Finished = Extract<Observation, { kind: 'run-finished' }>;

/** A run that has ended well. */
export function finished(differences: Partial<Finished> = {}): Finished {
  return {
    kind: 'run-finished',
    runId: 'e0/light',
    task: 'light',
    event: { id: 'e0', topic: 'a', payload: new Uint8Array(3), qos: 0, retain: false, arrivedAtMs: 5, captures: {} },
    attempt: 1,
    outcome: { kind: 'completed' },
    usage: { fuel: 10, peakMemoryBytes: 0, wallMs: 1, hostMs: 0, outputBytes: 0, logBytes: 0 },
    effects: [],
    log: [],
    droppedLogLines: 0,
    totalMs: 2,
    ...differences,
  };
}
