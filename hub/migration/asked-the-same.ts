/** Whether a checkpoint that came from a provider is of the run that was sent there. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { authorityOf, type Checkpoint, type RunRequest } from '../../runtime/index.js';

/**
 * What of a checkpoint's request is other than the hub asked; undefined when nothing is. What a run may use and touch, and
 * what it was told, is for the hub alone to say: a checkpoint that says something else is not gone on from.
 */
export function otherThanAsked(found: Checkpoint['request'], asked: RunRequest): string | undefined {
  const [there, here] = [comparable(found), comparable(asked)];
  const names: readonly (keyof typeof here)[] = [
    'runId',
    'attempt',
    'authority',
    'config',
    'event',
    'payload',
    'clockMs',
    'seed',
    'isolationKey',
    'subjects',
    'recordReads',
  ];
  return names.find((name) => !isDeepStrictEqual(there[name], here[name]));
}

function comparable(request: Checkpoint['request']) {
  const { runId, attempt, config, clockMs, seed, isolationKey, subjects, recordReads = false } = request;
  const { payload, id, topic, qos, retain, arrivedAtMs, captures } = request.event;
  return {
    runId,
    attempt,
    authority: authorityOf(request),
    config: { ...config },
    event: { id, topic, qos, retain, arrivedAtMs, captures: { ...captures } },
    // The same bytes, whichever class of the engine holds them.
    payload: Buffer.from(payload).toString('base64'),
    clockMs,
    seed,
    isolationKey,
    subjects,
    recordReads,
  };
}
