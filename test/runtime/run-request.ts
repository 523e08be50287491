import type { InstalledTask, RunRequest, TaskEvent } from '../../runtime/index.js';
import type { BuiltTask } from './built-task.js';

/** A moment to count from: 2026-11-21T12:00:00Z. */
const NOON = Date.UTC(2026, 10, 21, 12);

export interface Asked extends Partial<Omit<RunRequest, 'event' | 'task' | 'limits'>> {
  readonly topic?: string;
  readonly payload?: string | Uint8Array;
  readonly captures?: TaskEvent['captures'];
  readonly limits?: Partial<RunRequest['limits']>;
}

/** One run of an installed task under its manifest, the same each time except for what is asked. */
export function requestOf(
  task: Pick<BuiltTask, 'manifest'>,
  { key }: Pick<InstalledTask, 'key'>,
  asked: Asked = {},
): RunRequest {
  const { topic = 'test', payload = '', captures = {}, limits, ...rest } = asked;
  const { manifest } = task;
  return {
    runId: 'run',
    task: key,
    event: {
      id: 'event',
      topic,
      payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
      qos: 1,
      retain: false,
      arrivedAtMs: NOON,
      captures,
    },
    attempt: 1,
    limits: { ...manifest.limits, ...limits },
    grants: manifest.grants,
    config: manifest.config,
    clockMs: NOON,
    seed: 7,
    subjects: manifest.subjects,
    ...rest,
  };
}
