/** Answers about what is kept and what waits, checked as far as commands look at them. */
import type { BucketView, KeyView } from '../store/index.js';
import type { QueueOfTask } from '../intake/index.js';

type Fields = Readonly<Record<string, unknown>>;

export function queueOf(answer: unknown): readonly QueueOfTask[] {
  return listOf(
    answer,
    'tasks',
    (one): one is Fields & QueueOfTask =>
      typeof one['task'] === 'string' && areNumbers(one, ['waiting', 'shaped', 'held']),
  );
}

export function bucketsOf(answer: unknown): readonly BucketView[] {
  return listOf(
    answer,
    'buckets',
    (one): one is Fields & BucketView => typeof one['bucket'] === 'string' && areNumbers(one, ['keys', 'bytes']),
  );
}

/** `after` is set when there may be more keys. */
export function keysOf(answer: unknown): { readonly keys: readonly KeyView[]; readonly after: string | undefined } {
  const keys = listOf(
    answer,
    'keys',
    (one): one is Fields & KeyView => typeof one['key'] === 'string' && areNumbers(one, ['bytes', 'version']),
  );
  const after = isObject(answer) ? answer['after'] : undefined;
  return { keys, after: typeof after === 'string' ? after : undefined };
}

/** A value, in base64. */
export function valueOf(answer: unknown): string {
  const value = isObject(answer) ? answer['value'] : undefined;
  if (typeof value === 'string') return value;
  throw unknownAnswer('value');
}

function listOf<T extends Fields>(answer: unknown, name: string, isOne: (value: Fields) => value is T): readonly T[] {
  const list = isObject(answer) ? answer[name] : undefined;
  if (Array.isArray(list) && list.every((one): one is T => isObject(one) && isOne(one))) return list;
  throw unknownAnswer(name);
}

function areNumbers(value: Fields, names: readonly string[]): boolean {
  return names.every((name) => typeof value[name] === 'number');
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function unknownAnswer(name: string): Error {
  return new Error(`the hub's answer has no ${name}: is it of another version?`);
}
