/** Answers about runs that go on, checked as far as commands look at them. */
import type { CurrentRun } from '../parking/index.js';

export function currentRunsOf(answer: unknown): readonly CurrentRun[] {
  const runs = isObject(answer) ? answer['runs'] : undefined;
  if (Array.isArray(runs) && runs.every(isCurrentRun)) return runs;
  throw new Error("the hub's answer has no runs: is it of another version?");
}

function isCurrentRun(value: unknown): value is CurrentRun {
  if (!isObject(value)) return false;
  const { runId, task, topic, where, fuel, pointAtMs } = value;
  const texts = [runId, task, topic, where].every((one) => typeof one === 'string');
  return texts && typeof fuel === 'number' && (pointAtMs === undefined || typeof pointAtMs === 'number');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
