/** Answers of the API, checked as far as commands look at them. */
import type { TaskStatus } from '../control/index.js';
import type { ListedLetter } from './dead-letters.js';
import type { RecentRun } from './recent-runs.js';

export function tasksOf(answer: unknown): readonly TaskStatus[] {
  return listOf(answer, 'tasks', isTask);
}

export function runsOf(answer: unknown): readonly RecentRun[] {
  return listOf(answer, 'runs', isRun);
}

export function lettersOf(answer: unknown): readonly ListedLetter[] {
  return listOf(answer, 'letters', isLetter);
}

function isLetter(value: unknown): value is ListedLetter {
  return (
    isObject(value) &&
    isText(value['id']) &&
    isText(value['kind']) &&
    isText(value['task']) &&
    isText(value['topic']) &&
    isText(value['reason']) &&
    isNumber(value['atMs']) &&
    isNumber(value['payloadBytes']) &&
    isNumber(value['attempts'])
  );
}

/** What came of an invocation. */
export type InvokedAnswer =
  | { readonly kind: 'running'; readonly runId: string }
  /** Effects with their payloads and values in base64. */
  | { readonly kind: 'ended'; readonly run: RecentRun; readonly effects: readonly Readonly<Record<string, unknown>>[] };

export function invokedOf(answer: unknown): InvokedAnswer {
  if (isInvoked(answer)) return answer;
  throw new Error("the hub's answer does not say what came of the run: is it of another version?");
}

function isInvoked(value: unknown): value is InvokedAnswer {
  if (!isObject(value)) return false;
  const { kind, runId, run, effects } = value;
  if (kind === 'running') return isText(runId);
  return kind === 'ended' && isRun(run) && Array.isArray(effects) && effects.every(isObject);
}

/** Runs that left no record. */
export function unrecordedOf(answer: unknown): number {
  const count = isObject(answer) ? answer['unrecorded'] : undefined;
  return isNumber(count) ? count : 0;
}

function isTask(value: unknown): value is TaskStatus {
  return (
    isObject(value) &&
    isText(value['name']) &&
    isText(value['version']) &&
    Array.isArray(value['filters']) &&
    isNumber(value['waiting']) &&
    isNumber(value['retrying']) &&
    (value['quarantine'] === undefined || (isObject(value['quarantine']) && isText(value['quarantine']['state']))) &&
    isNumber(value['fuel']) &&
    isObject(value['outcomes']) &&
    isObject(value['dropped'])
  );
}

export function isRun(value: unknown): value is RecentRun {
  return (
    isObject(value) &&
    isText(value['runId']) &&
    isText(value['task']) &&
    isText(value['topic']) &&
    isNumber(value['arrivedAtMs']) &&
    isNumber(value['totalMs']) &&
    isObject(value['outcome']) &&
    isText(value['outcome']['kind']) &&
    isObject(value['usage']) &&
    isNumber(value['usage']['fuel']) &&
    isNumber(value['usage']['wallMs']) &&
    Array.isArray(value['log']) &&
    value['log'].every(isLogLine)
  );
}

function isLogLine(value: unknown): boolean {
  return isObject(value) && isText(value['level']) && isText(value['context']) && isText(value['message']);
}

function listOf<T>(answer: unknown, name: string, isOne: (value: unknown) => value is T): readonly T[] {
  const list = isObject(answer) ? answer[name] : undefined;
  if (Array.isArray(list) && list.every(isOne)) return list;
  throw new Error(`the hub's answer has no ${name}: is it of another version?`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}
