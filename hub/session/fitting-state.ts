/** Which tasks' state a session with a provider has room for: pure. */
import type { Bytes } from '../../runtime/index.js';
import { PROTOCOL_BOUNDS } from '../../provider/protocol/index.js';
import { SESSION_BOUNDS } from './limits.js';
import type { ReadingTask } from './provider-session.js';

export interface StateQuestion {
  /** Of two that do not fit together, the first one does. */
  readonly tasks: readonly ReadingTask[];
  /** What a bucket has, as the provider counts it. */
  readonly bytesOf: (bucket: string) => Bytes;
  /** What the session's state may have. */
  readonly mostBytes: Bytes;
  /** Whether the state of a task was too much before. */
  readonly wasTooMuch: (task: ReadingTask) => boolean;
}

export interface FittingState {
  /** The buckets that are to be there, with what each has. */
  readonly buckets: ReadonlyMap<string, Bytes>;
  /** Tasks whose state is too much: why, in words. */
  readonly tooMuch: ReadonlyMap<ReadingTask, string>;
}

export function fittingState({ tasks, bytesOf, mostBytes, wasTooMuch }: StateQuestion): FittingState {
  const buckets = new Map<string, Bytes>();
  const tooMuch = new Map<ReadingTask, string>();
  let bytes = 0;
  for (const task of tasks) {
    const own = new Set(Object.values(task.grants.buckets).map(({ id }) => id));
    const more = [...own].filter((id) => !buckets.has(id)).map((id) => [id, bytesOf(id)] as const);
    const after = more.reduce((sum, [, size]) => sum + size, bytes);
    const most = wasTooMuch(task) ? Math.floor(SESSION_BOUNDS.stateAgain * mostBytes) : mostBytes;
    const fault =
      more.length === 0 ? undefined : surplusOf({ bytes: after, buckets: buckets.size + more.length }, most);
    if (fault !== undefined) {
      tooMuch.set(task, fault);
      continue;
    }
    for (const [id, size] of more) buckets.set(id, size);
    bytes = after;
  }
  return { buckets, tooMuch };
}

function surplusOf(load: { readonly bytes: Bytes; readonly buckets: number }, mostBytes: Bytes): string | undefined {
  const { bytes, buckets } = load;
  const before = 'with that of the tasks before it, it would have';
  if (bytes > mostBytes) return `${before} ${bytes} bytes, and may have ${mostBytes}`;
  const most = PROTOCOL_BOUNDS.buckets;
  return buckets > most ? `${before} ${buckets} buckets, and may have ${most}` : undefined;
}
