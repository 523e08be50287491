/** One run that moved here: its driver, and what that needs of this provider. */
import type { Bytes, RunHandle, Runtime } from '../../runtime/index.js';
import type { FairQueue, Share } from '../fair-queue.js';
import type { Installation, Installations } from '../installations.js';
import type { TaskSpec } from '../protocol/index.js';
import {
  MigratingRun,
  type Channel,
  type MigrationMessage,
  type MigrationStatus,
  type PointContent,
  type StubKeeper,
  type StubRecord,
} from '../protocol/migration/index.js';
import type { ReplicaView } from '../replica/replica.js';
import { contentFault } from './content-fault.js';
import { Stretch, type Ground } from './stretch.js';

/** A clock that nobody sets, and calls at a later moment of it. */
export interface MigrationTimer {
  nowMs(): number;
  /** @returns what takes it back. */
  after(ms: number, then: () => void): () => void;
}

export interface MovedRunParts {
  readonly id: string;
  /** The task's name in its hub's sessions. */
  readonly task: string;
  readonly spec: TaskSpec;
  readonly runtime: Pick<Runtime, 'resume' | 'occupancy'>;
  readonly installations: Installations;
  readonly queue: FairQueue;
  readonly share: Share;
  readonly channel: Channel;
  readonly stubs: StubKeeper;
  readonly timer: MigrationTimer;
  readonly leaseMs: number;
  /** Resolves when the state is there that it is to see. What it gives is the state at that later moment. */
  readonly state: () => Promise<() => ReplicaView>;
  /** Why a content is more than its hub may have here; undefined when it is not. */
  readonly tooMuch: (content: PointContent) => string | undefined;
  readonly changed: () => void;
  /** It is given up here: its hub goes on with it. */
  readonly givenUp: (reason: string) => void;
}

export class MovedRun {
  readonly #parts: MovedRunParts;
  readonly #run: MigratingRun;
  readonly sinceMs: number;
  /** Its component stays, also while another version of its task is configured, and before it executes again. */
  readonly #letGo: () => void;
  #installation: Promise<Installation> | undefined;
  #isLinked = false;
  #isOver = false;
  #goesHome = false;
  /** The epoch in which it was sent home last. */
  #offeredIn = -1;

  /** @param record What an earlier process has kept of it. */
  constructor(parts: MovedRunParts, record: StubRecord | undefined) {
    const { id, task, spec, channel, stubs, timer, leaseMs, tooMuch } = parts;
    this.#parts = parts;
    this.sinceMs = timer.nowMs();
    this.#letGo = parts.installations.hold(spec.digest);
    const host = {
      execute: (from: Uint8Array, onPoint: (checkpoint: Uint8Array) => void, everyMs: number): RunHandle =>
        this.#execute(from, onPoint, everyMs),
      refuses: (content: PointContent): string | undefined => contentFault(content, id, spec) ?? tooMuch(content),
    };
    const failed = (reason: string): void => this.#giveUp(reason);
    const changed = (): void => {
      this.#offerHome();
      parts.changed();
    };
    this.#run = new MigratingRun(
      { side: 'provider', id, task, host, stubs, channel, timer, leaseMs, changed, failed },
      record,
    );
  }

  get id(): string {
    return this.#parts.id;
  }

  get task(): string {
    return this.#parts.task;
  }

  /** The task as it was configured when the run came: it ends on that. */
  get spec(): TaskSpec {
    return this.#parts.spec;
  }

  get status(): MigrationStatus {
    return this.#run.status;
  }

  /** Whether nothing has come of it but its name. */
  get isEmpty(): boolean {
    return this.#run.status.epoch < 0;
  }

  /** Of checkpoints that have come and are not dealt with. */
  get waitingBytes(): Bytes {
    return this.#run.waitingBytes;
  }

  get readsState(): boolean {
    return Object.keys(this.#parts.spec.grants.buckets).length > 0;
  }

  linked(): void {
    if (this.#isLinked) return;
    this.#isLinked = true;
    this.#run.linked();
  }

  linkLost(): void {
    if (!this.#isLinked) return;
    this.#isLinked = false;
    this.#run.linkLost();
  }

  receive(message: MigrationMessage): void {
    this.linked();
    this.#run.receive(message);
  }

  /** Sends it home, now if it executes here, and whenever it comes again. */
  goHome(): void {
    this.#goesHome = true;
    this.#offerHome();
  }

  /** Executes no further. What is kept of it stays. */
  async close(): Promise<void> {
    this.#isOver = true;
    await this.#run.close();
    this.#letGo();
    const installation = this.#installation;
    this.#installation = undefined;
    await installation?.then(
      (held) => held.release(),
      () => undefined,
    );
  }

  #execute(checkpoint: Uint8Array, onPoint: (checkpoint: Uint8Array) => void, everyMs: number): Stretch {
    const { runtime, queue, share, timer } = this.#parts;
    return new Stretch({
      runtime,
      queue,
      share,
      ground: this.#ground(),
      checkpoint,
      everyMs,
      onPoint,
      after: (ms, then) => timer.after(ms, then),
      unable: (reason) => this.#giveUp(reason),
    });
  }

  async #ground(): Promise<Ground> {
    const { installations, spec, state } = this.#parts;
    this.#installation ??= installations.install(spec);
    const { installed } = await this.#installation;
    return { task: installed.key, view: this.readsState ? await state() : undefined };
  }

  /** Once for each time that it executes here. */
  #offerHome(): void {
    const { executes, epoch } = this.status;
    if (!this.#goesHome || executes !== 'provider' || epoch === this.#offeredIn) return;
    this.#offeredIn = epoch;
    this.#run.offer();
  }

  #giveUp(reason: string): void {
    if (this.#isOver) return;
    this.#parts.givenUp(reason);
  }
}
