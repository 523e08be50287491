/** One session with a provider: configuration and components out, runs out, outcomes home. */
import type { Limits } from '../../runtime/index.js';
import {
  decodeProviderMessage,
  encodeHubMessage,
  PROTOCOL_BOUNDS,
  ProtocolError,
  type HubMessage,
  type Move,
  type ProtocolErrorCode,
  type ProviderMessage,
  type TaskSpec,
  type TaskState,
} from '../../provider/protocol/index.js';
import type { MigrationMessage } from '../../provider/protocol/migration/index.js';
import type { Timer } from '../timer.js';
import { capsOf, raisedLimit, type Caps } from './capped-limits.js';
import { ComponentUploads, type ComponentUploadsParts } from './component-uploads.js';
import { Heartbeat } from './heartbeat.js';
import { Moves } from './moves.js';
import type { LinkEvents, ProviderLink } from './provider-link.js';
import { RemoteLost } from './remote-lost.js';
import { readsState, sendState } from './send-state.js';
import { SentRuns, type RemoteResult, type SentRun } from './sent-runs.js';
import type { StateFeed } from './state-feed.js';

export interface ProviderSessionParts extends Pick<ComponentUploadsParts, 'component'> {
  readonly link: ProviderLink;
  readonly welcome: Extract<ProviderMessage, { type: 'welcome' }>;
  readonly feed: StateFeed;
  readonly timer: Timer;
  /** Told what the provider says about runs that move. */
  readonly moved: (message: MigrationMessage) => void;
  /** Bytes that a checkpoint of a run that moves may have, not packed; undefined for a run that does not. */
  readonly mostBytes: (id: string) => number | undefined;
  /** Told that a message about a run that moves cannot be sent. */
  readonly unsent: (id: string, reason: string) => void;
  /** Told when the provider has said which tasks it executes, before any run of them is sent. */
  readonly ready: () => void;
  /** Told when there is more room, or tasks are ready. */
  readonly changed: () => void;
  /** Called once. `code` is 'fault' when the provider is not to be trusted any more. */
  readonly ended: (code: ProtocolErrorCode | 'done', message: string) => void;
}

/** What a version may read. */
export type ReadingTask = Pick<TaskSpec, 'name' | 'grants'>;

export class ProviderSession implements LinkEvents {
  readonly #parts: ProviderSessionParts;
  readonly #uploads: ComponentUploads;
  readonly #runs: SentRuns;
  readonly #moves: Moves;
  readonly #heartbeat: Heartbeat;
  #ready = new Map<string, Extract<TaskState, { state: 'ready' }>>();
  #refused = new Map<string, string>();
  /** Limits that were asked for, by task. */
  #askedLimits = new Map<string, Limits>();
  /** Tasks whose runs may read state: of the configuration, and of versions of which runs are there. */
  #readers: ReadonlySet<string> = new Set();
  #earlierReaders: ReadonlySet<string> = new Set();
  #isReady = false;
  #config = 0;
  #isDraining = false;
  #isOver = false;

  constructor(parts: ProviderSessionParts) {
    this.#parts = parts;
    const { link, welcome, feed, component, timer, moved, unsent } = parts;
    feed.begin(welcome.revision);
    const send = (message: HubMessage): void => this.#send(message);
    const bufferedBytes = (): number => link.bufferedBytes;
    this.#uploads = new ComponentUploads({
      component,
      send,
      broken: (code, message) => this.close(code, message),
    });
    this.#runs = new SentRuns({
      feed,
      timer,
      window: welcome.window,
      windowBytes: welcome.windowBytes,
      bufferedBytes,
      send,
      stuck: () => this.close('lease', 'the provider leaves too many runs unanswered'),
    });
    this.#moves = new Moves({
      send: (message) => send(message.type === 'move' ? this.#withRevision(message) : message),
      // What a run is to see there goes before what is said about it: a provider that was started anew has none of it.
      before: (task) => !this.#readsState(task) || sendState({ feed, bufferedBytes, send }),
      bufferedBytes,
      after: (ms, then) => void timer.after(ms, then),
      // It is said again; what is too large for the link will never get through.
      failed: (id, reason) => unsent(id, reason),
      most: ({ id }) => parts.mostBytes(id),
      told: moved,
      tooLarge: (reason) => this.close('fault', reason),
      full: (isFull) => link.pause?.(isFull),
      broken: (error) => this.close(error.code, error.message),
    });
    this.#heartbeat = new Heartbeat({
      beats: welcome,
      timer,
      send: (beat) => send({ type: 'beat', beat }),
      due: () => this.#runs.giveUpOverdue(),
      silent: (ms) => this.close('lease', `nothing was heard for ${Math.round(ms)} ms`),
    });
    this.#heartbeat.start();
  }

  /** Runs that it takes now. */
  get room(): number {
    return this.#isOver || this.#isDraining ? 0 : this.#runs.room;
  }

  get runs(): number {
    return this.#runs.size;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Of components. */
  get uploadedBytes(): number {
    return this.#uploads.bytes;
  }

  /** Says something about a run that moves, in order while the session lasts. @returns whether it was taken. */
  move(message: MigrationMessage): boolean {
    return !this.#isOver && this.#moves.send(message);
  }

  /** Whether a message about a run that moves is not yet with the link. */
  isMoving(id: string): boolean {
    return this.#moves.isSending(id);
  }

  /** How long it may be silent. */
  get leaseMs(): number {
    return this.#parts.welcome.leaseMs;
  }

  /** What runs of this session would wait there, by the provider's reckoning. */
  get queueMs(): number {
    return this.#heartbeat.queueMs;
  }

  /** The median of the last round trips; undefined before the first. */
  get roundTripMs(): number | undefined {
    return this.#heartbeat.roundTripMs;
  }

  /** Whether some configuration has been ready: then runs that are there go on, whichever version of their task is configured. */
  get isReady(): boolean {
    return this.#isReady && !this.#isOver;
  }

  /** Whether the provider executes a task. */
  takes(task: string): boolean {
    return this.#ready.has(task);
  }

  /** The limits of a task that the provider has lowered; undefined when it has its own. */
  capsOf(task: string): Caps | undefined {
    const [asked, ready] = [this.#askedLimits.get(task), this.#ready.get(task)];
    return asked && ready && capsOf(asked, ready.limits);
  }

  /** Why it does not execute a task, in its words. */
  refusalOf(task: string): string | undefined {
    return this.#refused.get(task);
  }

  /** Replaces what the provider executes; runs go on. */
  configure(tasks: readonly TaskSpec[]): void {
    if (this.#isOver || this.#isDraining) return;
    this.#config++;
    this.#uploads.begin(this.#config, new Set(tasks.map(({ digest }) => digest)));
    this.#askedLimits = new Map(tasks.map(({ name, limits }) => [name, limits]));
    this.#readers = readersOf(tasks);
    const names = new Set(tasks.map(({ name }) => name));
    // Until it is ready, only what is in both is sent: the provider may have replaced the rest already.
    for (const name of this.#ready.keys()) if (!names.has(name)) this.#ready.delete(name);
    this.#send({ type: 'configure', config: this.#config, tasks });
  }

  /** Versions that are not configured any more, and of which runs are there. */
  hold(earlier: readonly ReadingTask[]): void {
    this.#earlierReaders = readersOf(earlier);
  }

  /** A task that has changed is not sent until the provider has the change. */
  withhold(task: string): void {
    this.#ready.delete(task);
  }

  /**
   * Has a run executed. Its `room` must not be 0.
   * @throws RemoteLost when there will be no outcome.
   */
  run(sent: SentRun, signal: AbortSignal | undefined): Promise<RemoteResult> {
    if (this.#isOver) return Promise.reject(new RemoteLost('the session is over'));
    if (this.#isDraining) return Promise.reject(new RemoteLost('the provider takes no more runs'));
    return this.#runs.send(sent, this.capsOf(sent.task), signal);
  }

  /** Tells the provider that no more runs come, and resolves nothing: `ended` is called when it has answered all. */
  drain(): void {
    if (this.#isOver || this.#isDraining) return;
    this.#isDraining = true;
    this.#uploads.end();
    this.#runs.giveUpUnsent();
    this.#send({ type: 'drain' });
  }

  close(code: ProtocolErrorCode | 'done', message: string): void {
    if (this.#isOver) return;
    this.#send({ type: 'close', code, message: message.slice(0, PROTOCOL_BOUNDS.messageLength) });
    this.#end(code, message);
  }

  message(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#heartbeat.heard();
    try {
      this.#receive(decodeProviderMessage(bytes));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.close(error.code, error.message);
    }
  }

  closed(reason: string): void {
    this.#end('lease', reason);
  }

  #receive(message: ProviderMessage): void {
    switch (message.type) {
      case 'greeting':
      case 'welcome':
        throw new ProtocolError('out-of-turn', `The provider sent ${message.type} in the middle of a session`);
      case 'challenge':
        return this.#uploads.challenged(message);
      case 'wanted':
        return this.#uploads.wanted(message);
      case 'stored':
        return this.#uploads.stored(message.digest, message.bytes);
      case 'ready':
        return this.#nowReady(message);
      case 'outcomes':
        for (const outcome of message.outcomes) this.#runs.answered(outcome);
        return this.#parts.changed();
      case 'move':
      case 'piece':
        return this.#moves.receive(message);
      case 'window':
        this.#runs.resize(message.runs);
        return this.#parts.changed();
      case 'beat':
        return this.#heartbeat.answered(message.beat, message.queueMs);
      case 'draining':
        this.drain();
        return this.#parts.changed();
      case 'close':
        this.#end(message.code, message.message);
    }
  }

  #nowReady({ config, tasks }: Extract<ProviderMessage, { type: 'ready' }>): void {
    if (config !== this.#config) return;
    this.#isReady = true;
    this.#ready = new Map();
    this.#refused = new Map();
    for (const task of tasks) {
      if (task.state === 'ready') {
        const asked = this.#askedLimits.get(task.name);
        const raised = asked && raisedLimit(asked, task.limits);
        if (raised !== undefined) throw new ProtocolError('fault', `${task.name}: ${raised}`);
        this.#ready.set(task.name, task);
      } else this.#refused.set(task.name, task.message);
    }
    this.#parts.ready();
    this.#parts.changed();
  }

  #readsState(task: string): boolean {
    return this.#readers.has(task) || this.#earlierReaders.has(task);
  }

  #withRevision(move: Move): Move {
    return this.#readsState(move.task) ? { ...move, revision: this.#parts.feed.revision } : move;
  }

  #send(message: HubMessage): void {
    if (this.#isOver) return;
    let bytes;
    try {
      bytes = encodeHubMessage(message);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return this.close(error.code, `${message.type}: ${error.message}`);
    }
    this.#parts.link.send(bytes);
  }

  #end(code: ProtocolErrorCode | 'done', message: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#heartbeat.stop();
    this.#uploads.end();
    this.#moves.close();
    this.#parts.link.close();
    this.#runs.end(`the session with the provider ended: ${message}`);
    this.#parts.ended(code, message);
  }
}

function readersOf(tasks: readonly ReadingTask[]): ReadonlySet<string> {
  return new Set(tasks.filter(({ grants }) => readsState(grants)).map(({ name }) => name));
}
