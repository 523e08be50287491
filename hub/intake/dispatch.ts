import { crowdedOutLetter, heldLetter } from '../dead-letters/index.js';
import type { Counts } from '../counts.js';
import type { DropReason, Observer } from '../observations.js';
import type { Journal } from '../journal/index.js';
import type { Lanes } from './lanes.js';
import { isLoop } from '../loops/index.js';
import type { PendingRun } from '../pending-run.js';
import type { DeployedTask } from '../registry/index.js';
import type { RunLetter } from '../store/index.js';
import type { Quarantine } from '../quarantine/index.js';
import type { Job, Lane, Scheduler } from '../scheduler/index.js';
import { Shapers, type Folded } from '../shaping/index.js';
import type { Shaping } from '../manifest/index.js';
import type { Timer } from '../timer.js';

export interface DispatchParts {
  readonly scheduler: Scheduler<PendingRun>;
  /** The lane of each deployed task. */
  readonly lanes: Pick<Lanes, 'get' | 'ofVersion'>;
  /** Keeps that a run is over without having begun. */
  readonly journal: Pick<Journal, 'write'>;
  readonly counts: Counts;
  readonly observe: Observer;
  readonly timer: Timer;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  readonly quarantine: Pick<Quarantine, 'isHeld' | 'held'>;
  /** Stops the run of a task's key, if there is one: it has no effect then. */
  readonly cancel: (task: DeployedTask, key: string) => void;
  /** Takes out the run of a task's key that waits for its next attempt, if there is one. */
  readonly giveUp: (task: DeployedTask, key: string) => PendingRun | undefined;
  /** Called after runs were dropped, when there may be room again, from the event loop. */
  readonly madeRoom: () => void;
}

/** Runs that have not begun. */
export interface TakenBack {
  /** The oldest first. */
  readonly queued: readonly PendingRun[];
  readonly shaped: readonly PendingRun[];
}

/**
 * Takes events that are the hub's to the lanes of their tasks: through the
 * shaping of their trigger, then by the task's mode, then into its queue.
 *
 * Each run that is taken here is afterwards with the scheduler until it is
 * over, or is dropped, counted and told of with its reason.
 */
export class Dispatch {
  readonly #parts: DispatchParts;
  readonly #shapers: Shapers<PendingRun>;
  #bytes = 0;
  #unkept = 0;
  #willTell = false;

  constructor(parts: DispatchParts) {
    this.#parts = parts;
    this.#shapers = new Shapers({
      timer: parts.timer,
      pass: (run) => this.#enter(run),
      fold: (folded) => this.#folded(folded),
      woke: () => parts.scheduler.pump(),
    });
  }

  /** What shaping remembers. */
  get shapers(): Pick<Shapers<never>, 'memoryOf' | 'offered' | 'restore'> {
    return this.#shapers;
  }

  /** Runs that wait in shaping, wait for their turn, or run. */
  get runs(): number {
    return this.#shapers.waiting + this.#parts.scheduler.runs;
  }

  /** Bytes of their payloads. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many of them are in memory only. */
  get unkept(): number {
    return this.#unkept;
  }

  /** Whether as many events wait for a task as may, those included that are to be tried again. */
  isFull(task: DeployedTask): boolean {
    const lane = this.#parts.lanes.get(task);
    return lane === undefined || lane.waiting + lane.parked >= task.manifest.queue;
  }

  /** Whether a task compares events of a key, and holds one of this key. */
  isTaken(task: DeployedTask, key: string | undefined): boolean {
    const isPerKey = task.manifest.schedule.mode !== 'queued' && task.manifest.schedule.mode !== 'parallel';
    return isPerKey && key !== undefined && this.#parts.lanes.get(task)?.isBusy(key) === true;
  }

  /** Takes a run. Pump the scheduler afterwards. */
  take(run: PendingRun): void {
    this.#hold(run);
    const { name, hops } = run.task.manifest;
    if (isLoop(run.chain, name, hops)) return this.drop(run, 'loop');
    const { shaping } = run.trigger;
    if (shaping === undefined) this.#enter(run);
    else this.#shapers.offer(shaping, run.shapingKey, run);
  }

  /**
   * Takes a run that an earlier hub was to try again: nothing folds it away any more. Pump the scheduler afterwards.
   * @returns what waits for its next attempt; undefined when the run is queued instead.
   */
  restore(run: PendingRun): Job<PendingRun> | undefined {
    this.#hold(run);
    const { scheduler, lanes } = this.#parts;
    const { task, key } = run;
    const lane = lanes.ofVersion(task);
    if (lane === undefined) {
      this.#refuse(run);
      return undefined;
    }
    return scheduler.restore(
      lane,
      task.manifest.schedule.mode === 'parallel' ? undefined : key,
      run,
      replaceableBy(run),
    );
  }

  /** A run waits for its next attempt: where only the latest event of a key counts, not if there is a later one. */
  waits(run: PendingRun): void {
    const { task, key } = run;
    const replaceable = replaceableBy(run);
    const { mode } = task.manifest.schedule;
    if ((mode !== 'latest' && mode !== 'restart') || key === undefined || replaceable === undefined) return;
    if (this.#parts.lanes.get(task)?.isReplaceable(replaceable) !== true) return;
    const waiting = this.#parts.giveUp(task, key);
    if (waiting !== undefined) this.drop(waiting, mode === 'restart' ? 'restarted' : 'superseded');
  }

  /** Lets go of runs that are over. */
  ended(runs: readonly PendingRun[]): void {
    for (const run of runs) this.#letGo(run);
  }

  /** Whether a run has waited too long to be started. */
  isOver({ expiresAtMs }: PendingRun): boolean {
    return expiresAtMs !== Infinity && this.#parts.timer.nowMs() >= expiresAtMs;
  }

  /** A run is not to be. @param by What was taken instead. */
  drop(run: PendingRun, reason: DropReason, by?: PendingRun): void {
    const { counts, observe } = this.#parts;
    this.#forget(run, reason === 'quarantined' ? heldLetter(run, this.#parts.clock()) : undefined);
    counts.dropped[reason]++;
    const { id: eventId, topic } = run.event;
    const instead = by === undefined ? {} : { by: by.event.id };
    const chain = reason === 'loop' ? { chain: run.chain } : {};
    observe({ kind: 'event-dropped', eventId, topic, task: run.task.manifest.name, reason, ...instead, ...chain });
    if (this.#willTell) return;
    this.#willTell = true;
    // Not from within: whoever drops is in the middle of something.
    process.nextTick(() => {
      this.#willTell = false;
      this.#parts.madeRoom();
    });
  }

  /**
   * Makes room for others where a task is in quarantine: of the one that has most events in its queue, the one that has
   * waited longest becomes a dead letter. Otherwise what waits for such a task, for an hour perhaps, might keep the hub
   * from taking anything.
   * @returns whether there was one.
   */
  yieldOne(): boolean {
    const waiting = (task: DeployedTask): number => this.#parts.lanes.get(task)?.waiting ?? 0;
    const [most] = this.#parts.quarantine.held.toSorted((a, b) => waiting(b) - waiting(a));
    return most !== undefined && this.#yield(most);
  }

  /** Lets everything go on that waits in shaping. Pump the scheduler afterwards. */
  flush(): void {
    this.#shapers.flush();
  }

  /** Runs that wait in the shaping of a task's triggers. */
  shapedOf({ manifest }: DeployedTask): number {
    return manifest.triggers.reduce(
      (sum, { shaping }) => sum + (shaping === undefined ? 0 : this.#shapers.waitingIn(shaping)),
      0,
    );
  }

  /** What the shaping of a trigger remembers, and the runs that wait in it, are another trigger's, with the same rules. */
  renameShaping(before: Shaping, after: Shaping, change: (run: PendingRun) => PendingRun): void {
    this.#shapers.rename(before, after, change);
  }

  /** Takes out all runs of a task that have not begun. `drop`, `putBack` or `reshape` follows for each. */
  takeBack(task: DeployedTask): TakenBack {
    const queued = this.takeQueued(task);
    const rules = task.manifest.triggers.flatMap(({ shaping }) => shaping ?? []);
    return { queued, shaped: rules.flatMap((each) => this.#shapers.remove(each)) };
  }

  /** Takes out those that wait in its queue, the oldest first. `drop` or `putBack` follows for each. */
  takeQueued(task: DeployedTask): readonly PendingRun[] {
    const { scheduler, lanes } = this.#parts;
    const lane = lanes.get(task);
    const queued: PendingRun[] = [];
    for (let oldest = lane && scheduler.dropOldest(lane); oldest; oldest = lane && scheduler.dropOldest(lane))
      queued.push(oldest.value);
    return queued;
  }

  /** A run that was taken back from a queue joins that of its task, whatever room there is: it was accepted. */
  putBack(run: PendingRun): void {
    const { scheduler, lanes } = this.#parts;
    const lane = lanes.get(run.task);
    if (lane === undefined) return this.#refuse(run);
    const replaceable = replaceableBy(run);
    const replaced = replaceable === undefined ? undefined : lane.replace(replaceable, run);
    if (replaced !== undefined) return this.drop(replaced, 'superseded', run);
    scheduler.submit(lane, run.task.manifest.schedule.mode === 'parallel' ? undefined : run.key, run, replaceable);
  }

  /** A run that was taken back from shaping goes through that of its trigger. */
  reshape(run: PendingRun): void {
    const { shaping } = run.trigger;
    if (shaping === undefined) this.putBack(run);
    else this.#shapers.offer(shaping, run.shapingKey, run);
  }

  #folded({ item, reason, by }: Folded<PendingRun>): void {
    this.drop(item, reason, by);
  }

  /** A run comes out of shaping: the task's mode decides. */
  #enter(run: PendingRun): void {
    const { scheduler, lanes, cancel, giveUp } = this.#parts;
    const { task, key, trigger } = run;
    const lane = lanes.get(task);
    if (lane === undefined) return this.#refuse(run);
    const { mode } = task.manifest.schedule;
    if (mode === 'single' && key !== undefined && lane.isBusy(key)) return this.drop(run, 'busy');
    if ((mode === 'restart' || mode === 'latest') && key !== undefined) {
      const waiting = giveUp(task, key);
      if (waiting !== undefined) this.drop(waiting, mode === 'restart' ? 'restarted' : 'superseded', run);
    }
    if (mode === 'restart' && key !== undefined) cancel(task, key);
    const replaceable = replaceableBy(run);
    const replaced = replaceable === undefined ? undefined : lane.replace(replaceable, run);
    if (replaced !== undefined) return this.drop(replaced, mode === 'restart' ? 'restarted' : 'superseded', run);
    const wasShaped = trigger.shaping !== undefined;
    if (run.resumed !== true && this.isFull(task) && !this.#makeRoom(run, lane, wasShaped)) {
      return this.#yields(run) ? this.drop(run, 'quarantined') : this.#refuse(run);
    }
    scheduler.submit(lane, mode === 'parallel' ? undefined : key, run, replaceable);
  }

  /** Whether a run may join a lane that is full. */
  #makeRoom(run: PendingRun, lane: Lane<PendingRun>, wasShaped: boolean): boolean {
    const { overflow } = run.task.manifest;
    if (this.#yields(run)) return this.#yield(run.task, run);
    if (overflow === 'drop-oldest') {
      const oldest = this.#parts.scheduler.dropOldest(lane);
      if (oldest !== undefined) this.drop(oldest.value, 'overflow', run);
      return oldest !== undefined;
    }
    // What waited in shaping is the hub's already and cannot go back to the broker. It is no more than there are keys.
    return overflow === 'reject' && wasShaped && run.event.qos > 0;
  }

  /** Whether a run was to stay with the broker, if its task were not in quarantine. */
  #yields({ task, event }: PendingRun): boolean {
    return task.manifest.overflow === 'reject' && event.qos > 0 && this.#parts.quarantine.isHeld(task);
  }

  /** The event of a task in quarantine that has waited longest makes room. */
  #yield(task: DeployedTask, by?: PendingRun): boolean {
    const lane = this.#parts.lanes.get(task);
    const oldest = lane && this.#parts.scheduler.dropOldest(lane);
    if (oldest !== undefined) this.drop(oldest.value, 'quarantined', by);
    return oldest !== undefined;
  }

  /** It is not to begin anew after a restart. */
  #forget(run: PendingRun, letter: RunLetter | undefined): void {
    this.#letGo(run);
    const { place } = run;
    if (place === undefined) return;
    this.#parts.journal.write([{ reads: [], writes: [], ends: place, letter }], () => undefined);
  }

  #hold({ event, place }: PendingRun): void {
    this.#bytes += event.payload.length;
    if (place === undefined) this.#unkept++;
  }

  #letGo({ event, place }: PendingRun): void {
    this.#bytes -= event.payload.length;
    if (place === undefined) this.#unkept--;
  }

  #refuse(run: PendingRun): void {
    const { counts, observe, clock } = this.#parts;
    const { topic, payload } = run.event;
    const { name: task, overflow } = run.task.manifest;
    const isKept = overflow === 'dead-letter' && run.place !== undefined;
    this.#forget(run, isKept ? crowdedOutLetter(run, clock()) : undefined);
    counts.refused['task-queue-full']++;
    const kept = isKept ? { isKept } : {};
    observe({ kind: 'event-refused', topic, payloadBytes: payload.length, reason: 'task-queue-full', task, ...kept });
  }
}

/** What a later run must have in common with this one to take its place; undefined when none may. */
function replaceableBy({ task, trigger, key, shapingKey }: PendingRun): string | undefined {
  const { mode } = task.manifest.schedule;
  if (mode === 'latest' || mode === 'restart') return `key/${key ?? ''}`;
  if (trigger.shaping?.latest !== true) return undefined;
  return `${task.manifest.triggers.indexOf(trigger)}/${shapingKey}`;
}
