/** Answers about runs that go on, checked as far as commands look at them. */
import type { CurrentRun } from '../parking/index.js';

export function currentRunsOf(answer: unknown): readonly CurrentRun[] {
  const runs = isObject(answer) ? answer['runs'] : undefined;
  if (Array.isArray(runs) && runs.every(isCurrentRun)) return runs;
  throw new Error("the hub's answer has no runs: is it of another version?");
}

export function isCurrentRun(value: unknown): value is CurrentRun {
  if (!isObject(value)) return false;
  const { runId, task, topic, where, fuel, pointAtMs, moving } = value;
  const texts = [runId, task, topic, where].every((one) => typeof one === 'string');
  const numbers = typeof fuel === 'number' && (pointAtMs === undefined || typeof pointAtMs === 'number');
  return texts && numbers && (moving === undefined || isMoving(moving));
}

function isMoving(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { epoch, point, lag, mode, isLinked } = value;
  return (
    [epoch, point, lag].every((one) => typeof one === 'number') && typeof mode === 'string' && isLinked !== undefined
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
