/** A provider as the hub knows it: there is a session with it whenever there can be. */
import {
  ProtocolError,
  type Capacity,
  type ProtocolErrorCode,
  type SigningKey,
  type TaskSpec,
} from '../../provider/protocol/index.js';
import type { MigrationMessage } from '../../provider/protocol/migration/index.js';
import type { Logger } from '../log.js';
import type { BucketUsage } from '../store/index.js';
import type { Timer } from '../timer.js';
import { loweredFrom, type Caps, type LoweredLimits } from './capped-limits.js';
import { SESSION_BOUNDS } from './limits.js';
import { NotKnown } from './not-known.js';
import { openLink, type OpenOptions } from './open-session.js';
import { ProviderSession, type ReadingTask } from './provider-session.js';
import { RemoteLost } from './remote-lost.js';
import type { SavedProvider } from './saved-providers.js';
import type { RemoteResult, SentRun } from './sent-runs.js';
import type { StateFeed } from './state-feed.js';
import { StateRoom } from './state-room.js';

export interface RemoteProviderParts {
  readonly saved: SavedProvider;
  readonly key: SigningKey;
  readonly hubName: string;
  readonly stateEpoch: string;
  readonly feed: StateFeed;
  /** How full a bucket is, with all that was committed. */
  readonly usageOf: (bucket: string) => BucketUsage;
  /** The file of a component, as it was deployed. */
  readonly component: (digest: string) => Promise<Uint8Array>;
  readonly timer: Timer;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  /** From 0 to 1: so that hubs do not come back all at once. */
  readonly random: () => number;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** Makes links. Default: WebSockets. */
  readonly connect?: OpenOptions['connect'];
  /** Told when there is more room, or when a task can be sent that could not before, or no longer can. */
  readonly changed: () => void;
  /** Told what it says about runs that move. */
  readonly moved: (message: MigrationMessage) => void;
  /** Bytes that a checkpoint of a run that moves may have, not packed; undefined for a run that does not. */
  readonly mostBytes: (id: string) => number | undefined;
  /** Told that a message about a run that moves cannot be sent. */
  readonly unsent: (id: string, reason: string) => void;
  /**
   * Told when a session is over, before there is another one, or when there is none. `isForGood` when nobody is to count
   * on another: it is at fault, or does not know this hub.
   */
  readonly lost: (isForGood: boolean, reason: string) => void;
}

/** What a provider has said of a task that it was asked to execute. */
export interface TaskThere {
  readonly task: string;
  readonly state: 'taken' | 'refused' | 'not-ready';
  /** Why it is refused, in the provider's words, or the hub's. */
  readonly reason?: string;
  /** Limits that it has lowered. */
  readonly lowered?: LoweredLimits;
}

export interface ProviderStatus {
  readonly name: string;
  readonly url: string;
  /** The class of its machine; undefined when it was not given one. */
  readonly device: string | undefined;
  /** What it said of itself last; undefined before the first session. */
  readonly capacity: Pick<Capacity, 'threads' | 'fuelPerSecond'> | undefined;
  /**
   * `faulty`: it gave an answer that cannot be right, and is not asked again before the hub is started anew.
   * `not-known`: it does not know this hub, or no more. It is asked now and then whether it does.
   */
  readonly state: 'connecting' | 'open' | 'not-known' | 'faulty' | 'closed';
  /** Why it is not open. */
  readonly reason: string;
  readonly runs: number;
  readonly room: number;
  readonly roundTripMs: number | undefined;
  readonly queueMs: number;
  readonly uploadedBytes: number;
  /** Those that it was asked to execute; none without a session. */
  readonly tasks: readonly TaskThere[];
}

export class RemoteProvider {
  readonly name: string;
  readonly #parts: RemoteProviderParts;
  readonly #stateRoom: StateRoom;
  #session: ProviderSession | undefined;
  #openedAtMs = 0;
  /** What it said of itself last. */
  #said: Capacity | undefined;
  #tasks: readonly TaskSpec[] = [];
  #earlier: readonly ReadingTask[] = [];
  #state: ProviderStatus['state'] = 'connecting';
  #reason = 'no session was opened yet';
  #retryMs: number = SESSION_BOUNDS.leastRetryMs;
  #cancelRetry: () => void = () => undefined;
  #uploadedBytes = 0;

  constructor(parts: RemoteProviderParts) {
    this.#parts = parts;
    this.name = parts.saved.name;
    this.#stateRoom = new StateRoom(parts.usageOf);
  }

  get capacity(): Capacity {
    return this.#said ?? { threads: 1, fuelPerSecond: 0 };
  }

  get room(): number {
    return this.#session?.room ?? 0;
  }

  get queueMs(): number {
    return this.#session?.queueMs ?? 0;
  }

  get roundTripMs(): number | undefined {
    return this.#session?.roundTripMs;
  }

  get isFaulty(): boolean {
    return this.#state === 'faulty';
  }

  get status(): ProviderStatus {
    const session = this.#session;
    return {
      name: this.name,
      url: this.#parts.saved.token.url,
      device: this.#said?.device,
      capacity: this.#said && { threads: this.#said.threads, fuelPerSecond: this.#said.fuelPerSecond },
      state: this.#state,
      reason: this.#reason,
      runs: session?.runs ?? 0,
      room: this.room,
      roundTripMs: this.roundTripMs,
      queueMs: this.queueMs,
      uploadedBytes: this.#uploadedBytes + (session?.uploadedBytes ?? 0),
      tasks: session === undefined ? [] : this.#tasks.map((task) => this.#taskThere(task, session)),
    };
  }

  /** Begins to connect, and goes on until `close`. */
  start(): void {
    void this.#connect();
  }

  /** Whether runs that are there can be talked about, of versions that are not configured any more, too. */
  get isReady(): boolean {
    return this.#session?.isReady ?? false;
  }

  /** Whether it executes a task now. */
  takes(task: string): boolean {
    return (this.#session?.takes(task) ?? false) && this.#stateRoom.surplusOf(task) === undefined;
  }

  /** Whether runs that are there, of a version of a task that is not configured any more, can go on. */
  goesOnWith(task: string): boolean {
    return this.isReady && this.#stateRoom.earlierSurplusOf(task) === undefined;
  }

  /** The limits of a task that it has lowered; undefined when the task has its own there. */
  capsOf(task: string): Caps | undefined {
    return this.#session?.capsOf(task);
  }

  /** Says something about a run that moves. @returns whether it was taken: there is a session. */
  move(message: MigrationMessage): boolean {
    return this.#session?.move(message) ?? false;
  }

  /** Whether something about a run that moves is not yet on its way. */
  isMoving(id: string): boolean {
    return this.#session?.isMoving(id) ?? false;
  }

  /** How long the session may be silent; undefined while there is none. */
  get leaseMs(): number | undefined {
    return this.#session?.leaseMs;
  }

  /** Why it does not execute a task; undefined when it does. */
  refusalOf(task: string): string | undefined {
    if (this.takes(task)) return undefined;
    if (this.#session === undefined) {
      const { url } = this.#parts.saved.token;
      return `there is no session with the provider ${this.name} at ${url}: ${this.#reason} ("sterna providers" shows when there is one)`;
    }
    const notYet = `the provider ${this.name} is not ready for its task yet: "sterna providers" says when it has taken it`;
    return this.rejects(task) ?? notYet;
  }

  /** Why it will not execute a task, as things are in this session; undefined when it does, or may before long. */
  rejects(task: string): string | undefined {
    const surplus = this.#stateRoom.surplusOf(task);
    if (surplus !== undefined) return `the provider ${this.name} has no room for its state: ${surplus}`;
    const said = this.#session?.refusalOf(task);
    return said && `the provider ${this.name} refuses its task: ${said}`;
  }

  /** Replaces what it executes. @param earlier Versions of which runs are there: they go on reading. */
  configure(tasks: readonly TaskSpec[], earlier: readonly ReadingTask[] = []): void {
    this.#stateRoom.configure(tasks, earlier);
    this.#replicate();
    this.#earlier = earlier;
    this.#session?.hold(earlier);
    const before = new Map(this.#tasks.map((task) => [task.name, JSON.stringify(task)]));
    const isSame =
      tasks.length === before.size && tasks.every((task) => before.get(task.name) === JSON.stringify(task));
    if (isSame) return;
    this.#tasks = tasks;
    for (const task of tasks) if (before.get(task.name) !== JSON.stringify(task)) this.#session?.withhold(task.name);
    this.#session?.configure(tasks);
  }

  /** Buckets were written to: more tasks may fit, or fewer. */
  written(buckets: ReadonlySet<string>): void {
    if (!this.#stateRoom.written(buckets)) return;
    this.#replicate();
    // Not from within a commit.
    setImmediate(() => (this.#isWanted ? this.#parts.changed() : undefined));
  }

  /** @throws RemoteLost when there will be no outcome from there. */
  run(run: SentRun, signal: AbortSignal | undefined): Promise<RemoteResult> {
    return this.#session?.run(run, signal) ?? Promise.reject(new RemoteLost('there is no session with the provider'));
  }

  /** What it answered is not what a run comes to: it is not asked again. */
  fault(reason: string): void {
    this.#nowFaulty(reason);
    if (this.#session !== undefined) return this.#session.close('fault', reason);
    // Nobody else tells those whose runs are there.
    this.#parts.lost(true, reason);
    this.#parts.changed();
  }

  #nowFaulty(reason: string): void {
    this.#state = 'faulty';
    this.#reason = reason;
    this.#parts.log.warn({ provider: this.name, reason }, 'a provider is at fault and is not used any more');
    this.#cancelRetry();
  }

  /** Its unfinished runs are lost to it. Idempotent. */
  close(): void {
    if (this.#state !== 'faulty') this.#state = 'closed';
    this.#cancelRetry();
    this.#session?.close('done', 'the hub stops');
  }

  get #isWanted(): boolean {
    return this.#state !== 'faulty' && this.#state !== 'closed';
  }

  #replicate(): void {
    this.#parts.feed.replicate(this.#stateRoom.buckets);
  }

  /** What a session may have is not taken up by tasks that are not executed in it. */
  #readied(): void {
    const refused = this.#tasks.filter(({ name }) => this.#session?.refusalOf(name) !== undefined);
    this.#stateRoom.refused(new Set(refused.map(({ name }) => name)));
    this.#replicate();
  }

  async #connect(): Promise<void> {
    const { saved, key, hubName, stateEpoch, feed, component, timer, clock, changed, log, connect } = this.#parts;
    const { moved, mostBytes, unsent } = this.#parts;
    const { url, certificate, key: providerKey, secret } = saved.token;
    try {
      const nowMs = clock();
      const opened = await openLink({
        url,
        certificate,
        providerKey,
        secret,
        key,
        hubName,
        stateEpoch,
        nowMs,
        connect,
      });
      if (!this.#isWanted) return opened.link.cut();
      const { link, welcome } = opened;
      const ended = (code: ProtocolErrorCode | 'done', message: string): void => this.#ended(code, message);
      const ready = (): void => this.#readied();
      const told = { ready, changed, moved, mostBytes, unsent, ended };
      this.#stateRoom.opened(welcome.stateBytes);
      this.#replicate();
      const session = new ProviderSession({ link, welcome, feed, component, timer, ...told });
      this.#session = session;
      this.#openedAtMs = timer.nowMs();
      this.#said = welcome.capacity;
      this.#state = 'open';
      this.#reason = '';
      log.info({ provider: this.name, url }, 'a session with a provider is open');
      // It may be over with what has come already.
      opened.handOver(session);
      session.hold(this.#earlier);
      session.configure(this.#tasks);
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (!this.#isWanted) return;
    const isNotKnown = error instanceof NotKnown;
    const wasNotKnown = this.#state === 'not-known';
    const isTold = reason === this.#reason || (isNotKnown && wasNotKnown);
    if (!isTold) this.#parts.log.warn({ provider: this.name, reason }, 'no session with a provider');
    this.#reason = reason;
    this.#state = isNotKnown ? 'not-known' : 'connecting';
    if (isNotKnown && !wasNotKnown) this.#parts.lost(true, reason);
    // It will hardly become another one by itself, but a token may be renewed at its side.
    const isFinal = error instanceof ProtocolError && (error.code === 'identity' || error.code === 'version');
    this.#retry(isFinal ? SESSION_BOUNDS.mostRetryMs : this.#retryMs);
  }

  #ended(code: ProtocolErrorCode | 'done', message: string): void {
    this.#uploadedBytes += this.#session?.uploadedBytes ?? 0;
    this.#session = undefined;
    if (code === 'fault' && this.#state !== 'faulty') this.#nowFaulty(message);
    // Its own word, on a session that it had agreed to.
    const isNotKnown = code === 'identity';
    this.#parts.lost(this.isFaulty || isNotKnown, message);
    this.#parts.changed();
    if (!this.#isWanted) return;
    this.#state = isNotKnown ? 'not-known' : 'connecting';
    this.#reason = message;
    this.#parts.log.warn({ provider: this.name, code, reason: message }, 'a session with a provider ended');
    const wasSteady = this.#parts.timer.nowMs() - this.#openedAtMs >= SESSION_BOUNDS.steadyMs;
    this.#retry(wasSteady ? SESSION_BOUNDS.leastRetryMs : this.#retryMs);
  }

  #retry(afterMs: number): void {
    this.#retryMs = Math.min(SESSION_BOUNDS.mostRetryMs, 2 * afterMs);
    const { timer, random } = this.#parts;
    this.#cancelRetry = timer.after(afterMs * (0.75 + random() / 2), () => void this.#connect());
  }

  #taskThere({ name: task, limits }: TaskSpec, session: ProviderSession): TaskThere {
    const surplus = this.#stateRoom.surplusOf(task);
    const reason = surplus === undefined ? session.refusalOf(task) : `it has no room for its state: ${surplus}`;
    if (reason !== undefined) return { task, state: 'refused', reason };
    if (!session.takes(task)) return { task, state: 'not-ready' };
    const caps = session.capsOf(task);
    return caps === undefined ? { task, state: 'taken' } : { task, state: 'taken', lowered: loweredFrom(limits, caps) };
  }
}
