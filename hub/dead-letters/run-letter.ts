/** A run that is given up -> what is kept of it. Pure. */
import type { Outcome, RunResult } from '../../runtime/index.js';
import { LETTER_BOUNDS } from './limits.js';
import type { PendingRun } from '../pending-run.js';
import type { RunLetter, StoredEvent, StoredRun } from '../store/index.js';

/** Its last log lines are kept, cut to a length. @param atMs Milliseconds since 1970 (UTC). */
export function runLetter(
  run: PendingRun,
  { outcome, usage, log, droppedLogLines }: RunResult,
  atMs: number,
): RunLetter {
  const { name, version } = run.task.manifest;
  const kept = log.slice(-LETTER_BOUNDS.letterLogLines).map(({ level, context, message }) => ({
    level,
    context: cut(context),
    message: cut(message),
  }));
  const evidence = {
    version,
    digest: run.task.installed.digest,
    outcome: shortened(outcome),
    usage,
    log: kept,
    droppedLogLines: droppedLogLines + log.length - kept.length,
  };
  return {
    event: eventOf(run),
    task: name,
    outcome: outcome.kind,
    attempts: run.attempt,
    atMs,
    evidence: JSON.stringify(evidence),
  };
}

/** For a run of an earlier hub whose task is not there any more, or does not wake on the topic: it may come back. */
export function homelessLetter(event: StoredEvent, run: StoredRun, atMs: number): RunLetter {
  const reason = `no task "${run.task}" that wakes on "${cut(event.topic)}" was there when the hub started`;
  return {
    event: { ...event, runs: [run] },
    task: run.task,
    outcome: 'no-task',
    attempts: 0,
    atMs,
    evidence: JSON.stringify({ reason }),
  };
}

/** For a run that has not begun, whose task is in quarantine, and which others needed the room of. */
export function heldLetter(run: PendingRun, atMs: number): RunLetter {
  const { name } = run.task.manifest;
  return unbegunLetter(run, 'quarantined', `"${name}" was in quarantine, and others needed the room`, atMs);
}

/** For a run that has not begun, as too many wait for its task already. */
export function crowdedOutLetter(run: PendingRun, atMs: number): RunLetter {
  const { name, queue } = run.task.manifest;
  return unbegunLetter(run, 'task-queue-full', `${queue} events waited for "${name}", which is its limits.queue`, atMs);
}

function unbegunLetter(run: PendingRun, outcome: string, reason: string, atMs: number): RunLetter {
  return {
    event: eventOf(run),
    task: run.task.manifest.name,
    outcome,
    attempts: run.attempt - 1,
    atMs,
    evidence: JSON.stringify({ reason }),
  };
}

/** Enough to begin the run anew. */
function eventOf({ event, task, clockMs, seed }: PendingRun): StoredEvent {
  const { id, topic, payload, qos, retain, arrivedAtMs } = event;
  return { id, topic, payload, qos, retain, arrivedAtMs, clockMs, runs: [{ task: task.manifest.name, seed }] };
}

function shortened(outcome: Outcome): Outcome {
  return 'message' in outcome ? { ...outcome, message: cut(outcome.message) } : outcome;
}

function cut(text: string): string {
  return text.slice(0, LETTER_BOUNDS.letterTextLength);
}
