/** Answers about runs that move, checked as far as commands look at them. */
import type { MigrationView, Note } from '../migration/index.js';
import type { CurrentRun } from '../parking/index.js';
import { isCurrentRun } from './current-run-shapes.js';

export interface Whereabouts {
  readonly run: string;
  readonly isOver: boolean;
  /** Null for one that is over. */
  readonly current: CurrentRun | null;
  /** Null for a run that has not moved. */
  readonly migration: MigrationView | null;
}

export function whereaboutsOf(answer: unknown): Whereabouts {
  if (isWhereabouts(answer)) return answer;
  throw new Error("the hub's answer does not say where the run is: is it of another version?");
}

function isWhereabouts(value: unknown): value is Whereabouts {
  if (!isObject(value)) return false;
  const { run, isOver, current, migration } = value;
  const isTold = (current === null || isCurrentRun(current)) && (migration === null || isView(migration));
  return isTold && typeof run === 'string' && typeof isOver === 'boolean';
}

function isView(value: unknown): value is MigrationView {
  if (!isObject(value)) return false;
  const { runId, provider, executes, mode, why, epoch, point, lag, fuel, isLinked, isOver, notes } = value;
  return (
    [runId, provider, executes, mode, why].every((one) => typeof one === 'string') &&
    [epoch, point, lag, fuel].every((one) => typeof one === 'number') &&
    [isLinked, isOver].every((one) => typeof one === 'boolean') &&
    Array.isArray(notes) &&
    notes.every(isNote)
  );
}

function isNote(value: unknown): value is Note {
  if (!isObject(value)) return false;
  const { atMs, what, epoch, point, why } = value;
  const numbers = [atMs, epoch, point].every((one) => typeof one === 'number');
  return numbers && typeof what === 'string' && typeof why === 'string';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
