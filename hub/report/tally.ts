/** What happened to each task, counted. */
import type { DropReason, Observation, RefusalReason } from '../observations.js';
import { Histogram } from './histogram.js';

type Outcomes = Extract<Observation, { kind: 'run-finished' }>['outcome']['kind'];

export interface TaskTally {
  readonly name: string;
  /** Every topic filter that wakes it. */
  filters: readonly string[];
  /** Events that were for it, refused ones included. */
  events: number;
  refused: number;
  /** Events that came to no run of it, by reason. */
  readonly dropped: Map<DropReason, number>;
  repeated: number;
  /** Attempts that failed and were made again. */
  retried: number;
  /** Runs that became dead letters. */
  buried: number;
  quarantined: number;
  published: number;
  publishFailed: number;
  runs: number;
  readonly outcomes: Map<Outcomes, number>;
  fuel: number;
  peakMemoryBytes: number;
  readonly runMs: Histogram;
}

export class Tally {
  private readonly byName = new Map<string, TaskTally>();
  /** Messages that came from the broker. */
  received = 0;
  held = 0;
  /** How often reading from the broker was paused. */
  pauses = 0;
  /** Messages or events turned away, by reason. */
  readonly refused = new Map<RefusalReason, number>();
  readonly totalMs = new Histogram();

  get tasks(): readonly TaskTally[] {
    return [...this.byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Takes notice of an observation. */
  note(seen: Observation): void {
    switch (seen.kind) {
      case 'task-loaded':
        this.task(seen.task).filters = seen.filters;
        break;
      case 'event-received':
        this.received += 1;
        for (const name of seen.tasks) this.task(name).events += 1;
        break;
      case 'event-refused':
        this.refused.set(seen.reason, (this.refused.get(seen.reason) ?? 0) + 1);
        if (seen.task !== undefined) this.task(seen.task).refused += 1;
        break;
      case 'event-dropped': {
        const { dropped } = this.task(seen.task);
        dropped.set(seen.reason, (dropped.get(seen.reason) ?? 0) + 1);
        break;
      }
      case 'event-held':
        this.held += 1;
        break;
      case 'intake-paused':
        this.pauses += 1;
        break;
      case 'run-repeated':
        this.task(seen.task).repeated += 1;
        break;
      case 'run-finished':
        this.finished(seen);
        break;
      case 'published':
        this.task(seen.task).published += 1;
        break;
      case 'publish-failed':
        this.task(seen.task).publishFailed += 1;
        break;
      case 'run-retried':
        this.task(seen.task).retried += 1;
        this.task(seen.task).fuel += seen.usage.fuel;
        break;
      case 'run-buried':
        this.task(seen.task).buried += 1;
        break;
      case 'task-quarantined':
        this.task(seen.task).quarantined += 1;
        break;
      case 'run-parked':
      case 'run-resumed':
      case 'run-restarted':
      case 'run-checkpointed':
      case 'run-set-apart':
      case 'run-moved':
      case 'firings-missed':
      case 'task-released':
      case 'dead-letters-dropped':
      case 'task-removed':
      case 'task-refused':
      case 'started':
      case 'intake-resumed':
      case 'draining':
      case 'stopped':
        break;
    }
  }

  private finished({ task: name, outcome, usage, totalMs }: Extract<Observation, { kind: 'run-finished' }>): void {
    const task = this.task(name);
    task.runs += 1;
    task.outcomes.set(outcome.kind, (task.outcomes.get(outcome.kind) ?? 0) + 1);
    task.fuel += usage.fuel;
    task.peakMemoryBytes = Math.max(task.peakMemoryBytes, usage.peakMemoryBytes);
    task.runMs.add(usage.wallMs);
    this.totalMs.add(totalMs);
  }

  private task(name: string): TaskTally {
    let task = this.byName.get(name);
    if (task === undefined) {
      task = {
        name,
        filters: [],
        events: 0,
        refused: 0,
        dropped: new Map(),
        repeated: 0,
        retried: 0,
        buried: 0,
        quarantined: 0,
        published: 0,
        publishFailed: 0,
        runs: 0,
        outcomes: new Map(),
        fuel: 0,
        peakMemoryBytes: 0,
        runMs: new Histogram(),
      };
      this.byName.set(name, task);
    }
    return task;
  }
}
