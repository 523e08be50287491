/** What a person or a program can see and do while the hub runs. */
import type { Dispatch, Intake, Lanes } from '../intake/index.js';
import type { Counts } from '../counts.js';
import type { Observation } from '../observations.js';
import type { DeadLetters } from '../dead-letters/index.js';
import { Invocations } from './invocations.js';
import { CONTROL_BOUNDS } from './limits.js';
import type { PendingRun } from '../pending-run.js';
import type { DeployedTask, Registry } from '../registry/index.js';
import type { Quarantine, QuarantineStatus } from '../quarantine/index.js';
import type { Scheduler } from '../scheduler/index.js';
import type { Schedules, TimerStatus } from '../schedules/index.js';
import { TaskTally, type TaskTotals } from './task-tally.js';

export interface TaskStatus extends TaskTotals {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** sha256 of the component, in hex. */
  readonly digest: string;
  readonly imports: readonly string[];
  readonly filters: readonly string[];
  readonly timers: readonly TimerStatus[];
  readonly priority: number;
  readonly limits: DeployedTask['manifest']['limits'];
  readonly grants: DeployedTask['manifest']['grants'];
  /** Runs that wait to start. */
  readonly waiting: number;
  /** Runs that failed and wait for their next attempt. */
  readonly retrying: number;
  /** Absent while its runs start. */
  readonly quarantine?: QuarantineStatus | undefined;
}

/** An event for one task, whatever its triggers say. */
export interface Invocation {
  readonly task: string;
  readonly topic: string;
  readonly payload: Uint8Array;
}

export type Invoked =
  | { readonly kind: 'refused'; readonly reason: string }
  /** It goes on; nobody waits for it any more. */
  | { readonly kind: 'running'; readonly runId: string }
  | { readonly kind: 'ended'; readonly run: Extract<Observation, { kind: 'run-finished' }> };

export interface ControlParts {
  readonly registry: Registry;
  readonly lanes: Pick<Lanes, 'get'>;
  readonly dispatch: Dispatch;
  readonly intake: Intake;
  readonly schedules: Pick<Schedules, 'of'>;
  readonly scheduler: Pick<Scheduler<PendingRun>, 'pump'>;
  readonly quarantine: Quarantine;
  readonly letters: DeadLetters;
  readonly counts: Counts;
  readonly clock: () => number;
}

export class Control {
  readonly #parts: ControlParts;
  readonly #invocations = new Invocations();
  readonly #tally = new TaskTally();

  constructor(parts: ControlParts) {
    this.#parts = parts;
  }

  /** Called for everything that happens. */
  note(observation: Observation): void {
    this.#invocations.note(observation);
    this.#tally.note(observation);
  }

  get counts(): Counts {
    return this.#parts.counts;
  }

  /** Runs that wait or run. */
  get runs(): number {
    return this.#parts.dispatch.runs;
  }

  get tasks(): readonly TaskStatus[] {
    return this.#parts.registry.tasks.map((task) => this.#statusOf(task));
  }

  get letters(): DeadLetters {
    return this.#parts.letters;
  }

  /** Lets a task that is quarantined go on. @returns whether it was; undefined when there is no such task. */
  release(name: string): boolean | undefined {
    const { registry, quarantine, scheduler } = this.#parts;
    const task = registry.tasks.find(({ manifest }) => manifest.name === name);
    if (task === undefined) return undefined;
    const held = quarantine.release(task);
    scheduler.pump();
    return held;
  }

  /** Runs one task for an event of the caller's, and waits for its end. */
  async invoke({ task, topic, payload }: Invocation): Promise<Invoked> {
    const deployed = this.#parts.registry.tasks.find(({ manifest }) => manifest.name === task);
    if (deployed === undefined) return { kind: 'refused', reason: `there is no task "${task}"` };
    const runId = this.#parts.intake.invoke(deployed, { topic, payload, receivedAtMs: this.#parts.clock() });
    if (runId === undefined) return { kind: 'refused', reason: `as many runs of "${task}" wait as may` };
    const run = await this.#invocations.wait(runId, CONTROL_BOUNDS.invokeMs);
    if (run === undefined) return { kind: 'running', runId };
    return run.kind === 'event-dropped'
      ? { kind: 'refused', reason: `it was dropped: ${run.reason}` }
      : { kind: 'ended', run };
  }

  #statusOf(task: DeployedTask): TaskStatus {
    const { manifest, installed } = task;
    return {
      name: manifest.name,
      version: manifest.version,
      description: manifest.description,
      digest: installed.digest,
      imports: installed.imports,
      filters: manifest.triggers.map(({ pattern }) => pattern.filter),
      timers: this.#parts.schedules.of(manifest.name),
      priority: manifest.schedule.priority,
      limits: manifest.limits,
      grants: manifest.grants,
      waiting: this.#parts.lanes.get(task)?.waiting ?? 0,
      retrying: this.#parts.lanes.get(task)?.parked ?? 0,
      quarantine: this.#parts.quarantine.statusOf(task),
      ...this.#tally.of(manifest.name),
    };
  }
}
