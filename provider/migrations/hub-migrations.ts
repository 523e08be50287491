/**
 * The runs of one hub that have moved here. They are the hub's, whichever
 * session it has: the next one finds them. Another hub has others, and no name
 * leads to these.
 */
import { mostCheckpointBytes, type Bytes, type Runtime } from '../../runtime/index.js';
import type { FairQueue, Share } from '../fair-queue.js';
import type { Installations } from '../installations.js';
import { limitFault, PROVIDER_BOUNDS, type ProviderPolicy } from '../policy.js';
import type { TaskSpec } from '../protocol/index.js';
import type { MigrationMessage, StubKeeper, StubRecord } from '../protocol/migration/index.js';
import type { Replica } from '../replica/replica.js';
import { AwaitedState } from './awaited-state.js';
import { MovedRun, type MigrationTimer } from './moved-run.js';
import { beyondOldVersions, Room } from './room.js';
import type { KeptStub, Stubs } from './stubs.js';

export interface HubMigrationsParts {
  readonly stubs: Stubs;
  readonly runtime: Pick<Runtime, 'resume' | 'occupancy'>;
  readonly installations: Installations;
  readonly queue: FairQueue;
  readonly policy: Pick<ProviderPolicy, 'movedLimits' | 'migrations' | 'oldVersions' | 'componentBytes' | 'stubBytes'>;
  readonly timer: MigrationTimer;
  readonly leaseMs: number;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  /** Told why a run is not executed here any more. */
  readonly refused: (id: string, reason: string) => void;
}

/** A session of the hub, as far as runs that move need it. */
export interface MigrationSession {
  /** @returns whether it was taken. */
  send(message: MigrationMessage): boolean;
  isSending(id: string): boolean;
  /** A task that is ready. */
  task(name: string): TaskSpec | undefined;
  readonly replica: Replica;
  /** Told when one may have gone home. */
  readonly changed: () => void;
}

export class HubMigrations {
  readonly #parts: HubMigrationsParts;
  readonly #runs = new Map<string, MovedRun>();
  readonly #room: Room;
  readonly #state = new AwaitedState();
  /** Runs that are not here any more, until the session ends: an older word about one does not bring it back. */
  readonly #givenUp = new Set<string>();
  #share: Share | undefined;
  #session: MigrationSession | undefined;
  #heardAtMs: number;
  #isEnding = false;

  /** @param heardAtMs When the hub was heard last, in milliseconds since 1970 (UTC). */
  constructor(parts: HubMigrationsParts, heardAtMs: number) {
    this.#parts = parts;
    this.#room = new Room(parts.policy);
    this.#heardAtMs = heardAtMs;
  }

  get size(): number {
    return this.#runs.size;
  }

  /** Whether the hub has a session. */
  get isHeard(): boolean {
    return this.#session !== undefined;
  }

  /** When the hub was heard last. */
  get heardAtMs(): number {
    return this.isHeard ? this.#parts.clock() : this.#heardAtMs;
  }

  /** Whether what is here of the hub's state is still read. */
  get readsState(): boolean {
    for (const run of this.#runs.values()) if (run.readsState) return true;
    return false;
  }

  /** Runs that can go home, and have not. */
  get executing(): number {
    const isHere = ({ executes, isLinked, isOver }: MovedRun['status']): boolean =>
      executes === 'provider' && isLinked && !isOver;
    return [...this.#runs.values()].filter(({ status }) => isHere(status)).length;
  }

  /** Of checkpoints that have come and are not dealt with. */
  get waitingBytes(): Bytes {
    let sum = 0;
    for (const run of this.#runs.values()) sum += run.waitingBytes;
    return sum;
  }

  /** Takes up a run that an earlier process has kept. */
  takeUp({ record, spec }: KeptStub): void {
    this.#begin(record.id, record.task, { spec, record });
  }

  /** The hub has a session. */
  begin(session: MigrationSession): void {
    this.#session = session;
    this.#givenUp.clear();
    this.#state.begin(session.replica);
  }

  /** Its tasks are ready. Runs of other versions go on, as far as these are not too many. */
  linked(): void {
    this.#boundOldVersions();
    for (const run of this.#runs.values()) run.linked();
  }

  /** The session is over. */
  end(session: MigrationSession): void {
    if (this.#session !== session) return;
    this.#heardAtMs = this.#parts.clock();
    this.#session = undefined;
    for (const run of this.#runs.values()) run.linkLost();
  }

  /** The copy of the hub's state is gone. */
  stateGone(): void {
    this.#state.gone();
  }

  /** The copy of the hub's state has changed. */
  stateCame(): void {
    this.#state.came();
  }

  /** @param revision The state that the run may see at least; undefined for any. */
  receive(message: MigrationMessage, revision: number | undefined): void {
    const { id, message: said } = message;
    if (!this.#room.mayWait(message.content, this.waitingBytes)) return;
    const run = this.#runs.get(id);
    if (run !== undefined) {
      if (revision !== undefined) this.#state.isToSee(id, revision);
      run.receive(message);
      return this.#state.came();
    }
    if (said.type !== 'point' && said.type !== 'held') return;
    const refusal = said.type === 'held' ? undefined : this.#refusal(message);
    const spec = this.#session?.task(message.task);
    if (said.type === 'held' || refusal !== undefined || spec === undefined) {
      this.#nothing({ id, task: message.task, epoch: said.epoch, why: refusal });
      return;
    }
    if (revision !== undefined) this.#state.isToSee(id, revision);
    this.#begin(id, message.task, { spec, record: undefined }).receive(message);
  }

  /**
   * Bytes that a checkpoint of a run may have, not packed; undefined for a run that would not be taken.
   * @param task As the session calls it.
   */
  mostBytes(id: string, task: string): Bytes | undefined {
    const known = this.#runs.get(id)?.spec;
    if (known !== undefined) return mostCheckpointBytes(known);
    const spec = this.#session?.task(task);
    return spec?.resumable === undefined ? undefined : mostCheckpointBytes(spec);
  }

  /** What was said of a run cannot be taken: its hub goes on with it. */
  refuse({ id, task, message }: MigrationMessage, reason: string): void {
    const run = this.#runs.get(id);
    // One of which nothing was dealt with has no epoch to give up in.
    const isNew = run === undefined || run.isEmpty;
    if (run === undefined) this.#parts.refused(id, reason);
    else this.#giveUp(id, reason);
    if (isNew && message.type === 'point') this.#nothing({ id, task, epoch: message.epoch, why: reason });
  }

  /** A message about one cannot be sent, and never can. */
  unsent(id: string, reason: string): void {
    if (this.#runs.has(id)) this.#giveUp(id, reason);
  }

  /** The provider ends: what executes here goes home, and nothing comes any more. */
  sendHome(): void {
    this.#isEnding = true;
    for (const run of this.#runs.values()) run.goHome();
  }

  /** Forgets those of which nothing has come. */
  forgetEmpty(): void {
    const { timer } = this.#parts;
    for (const run of this.#runs.values()) {
      if (run.isEmpty && timer.nowMs() - run.sinceMs > PROVIDER_BOUNDS.emptyMigrationMs) void this.#forget(run);
    }
  }

  /** The hub does not come back: nothing of it is kept. */
  async forgetAll(): Promise<void> {
    const { stubs } = this.#parts;
    const runs = [...this.#runs.values()];
    // What is under way comes first, so that nothing is kept afterwards.
    await Promise.all(runs.map((run) => this.#forget(run)));
    for (const { id } of runs) await stubs.drop(id);
  }

  /** Executes no further. What is kept stays for the next start. */
  async close(): Promise<void> {
    const runs = [...this.#runs.values()];
    this.#runs.clear();
    await Promise.all(runs.map((run) => run.close()));
    this.#leaveIfEmpty();
  }

  #refusal({ id, task, content }: MigrationMessage): string | undefined {
    const { policy } = this.#parts;
    const spec = this.#session?.task(task);
    if (this.#isEnding) return 'it stops';
    if (this.#givenUp.has(id)) return 'it was given up here';
    if (spec === undefined) return `no task "${task}" is ready`;
    if (spec.resumable === undefined) return `the task "${task}" is not resumable`;
    if (this.#runs.size >= policy.migrations) return `a hub may have ${policy.migrations} runs here that move`;
    return this.#room.tooMuch(id, content);
  }

  #boundOldVersions(): void {
    const { policy } = this.#parts;
    const beyond = beyondOldVersions(this.#runs.values(), (task) => this.#session?.task(task), policy);
    const what = `${policy.oldVersions} versions of ${policy.componentBytes} bytes that are not configured any more`;
    for (const id of beyond) this.#giveUp(id, `runs of a hub that move may be of ${what}`);
  }

  #begin(id: string, task: string, of: { readonly spec: TaskSpec; readonly record: StubRecord | undefined }): MovedRun {
    const { runtime, installations, queue, timer, leaseMs, policy } = this.#parts;
    const { spec, record } = of;
    this.#share ??= queue.join(() => false);
    const run: MovedRun = new MovedRun(
      {
        id,
        task,
        spec,
        runtime,
        installations,
        queue,
        share: this.#share,
        channel: this.#channelOf(id),
        stubs: this.#keeperOf(id, spec),
        timer,
        leaseMs,
        state: () => this.#state.for(id),
        tooMuch: (content) => this.#room.tooMuch(id, content),
        changed: () => this.#changed(id),
        givenUp: (reason) => this.#giveUp(id, reason),
      },
      record,
    );
    this.#runs.set(id, run);
    if (record !== undefined) this.#room.take(id, record.content);
    const fault = limitFault(spec.limits, policy.movedLimits);
    if (fault !== undefined) this.#giveUp(id, fault);
    return run;
  }

  #channelOf(id: string) {
    const session = (): MigrationSession | undefined => this.#session;
    return {
      send: (message: MigrationMessage) => session()?.send(message) ?? false,
      get isSending() {
        return session()?.isSending(id) ?? false;
      },
    };
  }

  #keeperOf(id: string, spec: TaskSpec): StubKeeper {
    const { stubs } = this.#parts;
    const keep = async (record: StubRecord): Promise<void> => {
      const fault = this.#room.tooMuch(id, record.content);
      if (fault !== undefined) throw new Error(fault);
      this.#room.take(id, record.content);
      await stubs.keep({ record, spec, heardAtMs: this.heardAtMs });
    };
    const drop = async (): Promise<void> => {
      this.#room.leave(id);
      await stubs.drop(id);
    };
    return { keep, over: drop, drop };
  }

  #changed(id: string): void {
    const run = this.#runs.get(id);
    if (run?.status.isOver === true) void this.#forget(run);
    this.#session?.changed();
  }

  #giveUp(id: string, reason: string): void {
    const run = this.#runs.get(id);
    if (run === undefined) return;
    const { epoch } = run.status;
    this.#parts.refused(id, reason);
    this.#givenUp.add(id);
    const [first] = this.#givenUp;
    if (this.#givenUp.size > PROVIDER_BOUNDS.givenUp && first !== undefined) this.#givenUp.delete(first);
    // What is left on a disk that fails is of no use, and does no harm: its hub knows better when it hears of it.
    this.#forget(run)
      .then(() => this.#parts.stubs.drop(id))
      .catch(() => undefined);
    if (epoch >= 0) this.#nothing({ id, task: run.task, epoch, why: reason });
    this.#session?.changed();
  }

  #nothing(of: {
    readonly id: string;
    readonly task: string;
    readonly epoch: number;
    readonly why?: string | undefined;
  }): void {
    const { id, task, epoch, why } = of;
    this.#session?.send({ id, task, message: { type: 'nothing', epoch }, content: {}, why });
  }

  /** Resolves when nothing of it is being kept any more. */
  async #forget(run: MovedRun): Promise<void> {
    this.#runs.delete(run.id);
    this.#room.leave(run.id);
    this.#state.forget(run.id);
    await run.close();
    this.#leaveIfEmpty();
  }

  #leaveIfEmpty(): void {
    if (this.#share === undefined || this.#runs.size > 0) return;
    this.#parts.queue.leave(this.#share);
    this.#share = undefined;
  }
}
