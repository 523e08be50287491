import type { Bytes, LogLine, Outcome, Usage } from '../../runtime/index.js';
import type { StoredRecord } from './run-record.js';

/** A run that is over, without payloads. */
export interface RunSummary {
  readonly runId: string;
  readonly task: string;
  readonly version: string;
  readonly topic: string;
  readonly payloadBytes: Bytes;
  /** Milliseconds since 1970 (UTC). */
  readonly arrivedAtMs: number;
  readonly attempt: number;
  readonly outcome: Outcome;
  readonly usage: Usage;
  /** How many things it published, and how many keys it wrote. */
  readonly published: number;
  readonly written: number;
  readonly log: readonly LogLine[];
  readonly droppedLogLines: number;
  /** From the event's arrival to the commit. */
  readonly totalMs: number;
}

/** How much of a log goes into a summary. */
export interface LogBounds {
  readonly lines: number;
  /** Characters of a line. */
  readonly length: number;
}

export function summaryOf(record: StoredRecord, { lines, length }: LogBounds): RunSummary {
  const { runId, task, event, attempt, outcome, usage, effects, log } = record;
  const shown = log.slice(0, lines).map((line) => ({ ...line, message: line.message.slice(0, length) }));
  const published = effects.filter(({ kind }) => kind === 'publish').length;
  return {
    runId,
    task: task.name,
    version: task.version,
    topic: event.topic,
    payloadBytes: event.payload.length,
    arrivedAtMs: event.arrivedAtMs,
    attempt,
    outcome,
    usage,
    published,
    written: effects.length - published,
    log: shown,
    droppedLogLines: record.droppedLogLines + log.length - shown.length,
    totalMs: record.committedAtMs - event.arrivedAtMs,
  };
}
