import type { PendingRun } from '../pending-run.js';
import type { DeployedTask } from '../registry/index.js';
import type { Lane, LaneGate, LaneOptions } from '../scheduler/index.js';

/** Where runs of a task may begin, when so many could: see `LaneOptions.gate`. */
type GateOf = (task: string, ready: number) => LaneGate | undefined;

/** How many runs of a lane execute elsewhere: see `LaneOptions.away`. */
type AwayIn = (lane: object) => number;

/** A version of a task that has no runs but those which have begun. */
interface Leaving {
  readonly task: DeployedTask;
  readonly lane: Lane<PendingRun>;
  readonly left: () => void;
}

interface Waiting {
  readonly name: string;
  readonly resolve: () => void;
}

/**
 * The lane of each deployed task, and those of versions that were replaced or
 * removed, for as long as runs of theirs go on.
 *
 * **A new version begins nothing until the last run of the old one is over.**
 * So order within a key is kept, whatever the new version's keys are, and no
 * state is written by two versions at once.
 */
export class Lanes {
  readonly #create: (options: LaneOptions) => Lane<PendingRun>;
  readonly #gateOf: GateOf | undefined;
  readonly #awayIn: AwayIn | undefined;
  readonly #lanes = new Map<string, Lane<PendingRun>>();
  #leaving: readonly Leaving[] = [];
  #waiting: readonly Waiting[] = [];

  /** @param gateOf Where runs of a task may begin; without it, here. @param awayIn Without it, none are away. */
  constructor(create: (options: LaneOptions) => Lane<PendingRun>, gateOf?: GateOf, awayIn?: AwayIn) {
    this.#create = create;
    this.#gateOf = gateOf;
    this.#awayIn = awayIn;
  }

  /** The lane of a task, whichever of its versions is asked for. */
  get(task: DeployedTask): Lane<PendingRun> | undefined {
    return this.#lanes.get(task.manifest.name);
  }

  /** The lane of this version of a task; of one that has none, that of the task. */
  ofVersion(task: DeployedTask): Lane<PendingRun> | undefined {
    return this.#leaving.find((one) => one.task === task)?.lane ?? this.get(task);
  }

  add(task: DeployedTask): void {
    const { name } = task.manifest;
    const lane = this.#laneFor(task);
    this.#lanes.set(name, lane);
    if (this.isLeaving(name)) lane.hold();
  }

  /**
   * Takes up a version that was replaced or removed under an earlier hub, and of which runs go on.
   * @param left See `retire`.
   */
  takeUp(task: DeployedTask, left: () => void): void {
    const { name } = task.manifest;
    if (!this.isLeaving(name)) this.#lanes.get(name)?.hold();
    this.#leaving = [...this.#leaving, { task, lane: this.#laneFor(task), left }];
  }

  /**
   * Takes the lane of a task away; nothing may wait in it any more.
   * @param left Called when all its runs are over, from `check`.
   */
  retire(task: DeployedTask, left: () => void): void {
    const lane = this.get(task);
    if (lane === undefined) return;
    this.#lanes.delete(task.manifest.name);
    this.#leaving = [...this.#leaving, { task, lane, left }];
    // A quarantine that held it does so no more: one of its last runs may have to be repeated.
    lane.admit(Infinity);
  }

  /** Whether runs of an earlier version of a task go on. */
  isLeaving(name: string): boolean {
    return this.#leaving.some(({ task }) => task.manifest.name === name);
  }

  /** Resolves when no run of an earlier version of a task goes on. */
  left(name: string): Promise<void> {
    if (!this.isLeaving(name)) return Promise.resolve();
    return new Promise((resolve) => (this.#waiting = [...this.#waiting, { name, resolve }]));
  }

  /** Versions that were replaced or removed, and have runs that go on. */
  get leavingTasks(): readonly DeployedTask[] {
    return this.#leaving.map(({ task }) => task);
  }

  /** Keys of the components that those versions run. */
  get leavingComponents(): readonly string[] {
    return this.#leaving.map(({ task }) => task.installed.key);
  }

  #laneFor(task: DeployedTask): Lane<PendingRun> {
    const { name, schedule } = task.manifest;
    const gateOf = this.#gateOf;
    const gate = gateOf === undefined ? undefined : (ready: number) => gateOf(name, ready);
    const isLong = task.installed.resumable !== undefined;
    return this.#create({ ...schedule, order: orderOf(task), gate, away: this.#awayIn, isLong });
  }

  /** To be called when runs are over, and after `add`. @returns whether versions have left: then pump the scheduler. */
  check(): boolean {
    if (this.#leaving.length === 0) return false;
    const gone = this.#leaving.filter(({ lane }) => lane.isIdle);
    if (gone.length === 0) return false;
    this.#leaving = this.#leaving.filter(({ lane }) => !lane.isIdle);
    for (const { left } of gone) left();
    for (const name of new Set(gone.map(({ task }) => task.manifest.name)))
      if (!this.isLeaving(name)) this.#lanes.get(name)?.release();
    const over = this.#waiting.filter(({ name }) => !this.isLeaving(name));
    this.#waiting = this.#waiting.filter((one) => !over.includes(one));
    for (const { resolve } of over) resolve();
    return true;
  }
}

/**
 * Without buckets or memory, runs of one key cannot see one another: only the order of what they publish can be seen.
 * That one of its key runs, which the other modes go by, must be to be told.
 */
function orderOf({ manifest }: DeployedTask): LaneOptions['order'] {
  const { grants, isolation, schedule } = manifest;
  const seesOthers = Object.keys(grants.buckets).length > 0 || isolation === 'key' || schedule.mode !== 'queued';
  return seesOthers ? 'start' : 'end';
}
