/** One session with a provider: configuration and components out, runs out, outcomes home. */
import { createHash } from 'node:crypto';
import type { Limits, RunRequest, RunResult } from '../../runtime/index.js';
import {
  beginHearing,
  deadAtMs,
  decodeProviderMessage,
  encodeHubMessage,
  hear,
  PROTOCOL_BOUNDS,
  ProtocolError,
  runBytes,
  type Hearing,
  type HubMessage,
  type ProtocolErrorCode,
  type ProviderMessage,
  type RemoteOutcome,
  type TaskSpec,
  type TaskState,
} from '../../provider/protocol/index.js';
import type { MigrationMessage } from '../../provider/protocol/migration/index.js';
import type { Timer } from '../timer.js';
import { capsOf, raisedLimit, type Caps } from './capped-limits.js';
import { SESSION_BOUNDS } from './limits.js';
import { Moves } from './moves.js';
import { outcomeFault } from './outcome-fault.js';
import type { LinkEvents, ProviderLink } from './provider-link.js';
import { RemoteLost } from './remote-lost.js';
import type { StateFeed } from './state-feed.js';

export interface ProviderSessionParts {
  readonly link: ProviderLink;
  readonly welcome: Extract<ProviderMessage, { type: 'welcome' }>;
  readonly feed: StateFeed;
  /** The file of a component, as it was deployed. @throws Error when it is not there any more. */
  readonly component: (digest: string) => Promise<Uint8Array>;
  readonly timer: Timer;
  /** Told what the provider says about runs that move. */
  readonly moved: (message: MigrationMessage) => void;
  /** Told that a message about a run that moves cannot be sent. */
  readonly unsent: (id: string, reason: string) => void;
  /** Told when there is more room, or tasks are ready. */
  readonly changed: () => void;
  /** Called once. `code` is 'fault' when the provider is not to be trusted any more. */
  readonly ended: (code: ProtocolErrorCode | 'done', message: string) => void;
}

/** A run as it is sent: a request of the runtime, by the task's name. */
export interface SentRun {
  readonly request: RunRequest;
  readonly task: string;
  readonly epoch: number;
}

export interface RemoteResult {
  readonly result: RunResult;
  readonly queuedMs: number;
  /** From the run's sending to its outcome. */
  readonly tookMs: number;
  /** Of the messages, about: payload out, and effects, reads and log home. */
  readonly bytes: number;
  /** Limits that it had there, where they are below its own. */
  readonly caps: Caps | undefined;
}

interface Pending extends SentRun {
  readonly n: number;
  /** Towards the window of bytes. */
  readonly bytes: number;
  readonly sentAtMs: number;
  readonly overdueAtMs: number;
  readonly caps: Caps | undefined;
  readonly resolve: (result: RemoteResult) => void;
  readonly reject: (error: RemoteLost) => void;
  readonly settle: () => void;
}

/** A component on its way: pieces that are acknowledged, and those that are not. */
interface Uploading {
  readonly bytes: Uint8Array;
  sent: number;
  stored: number;
}

export class ProviderSession implements LinkEvents {
  readonly #parts: ProviderSessionParts;
  readonly #pending = new Map<number, Pending>();
  /** Runs that were given up and are not answered, with their bytes: they take room there. */
  readonly #abandoned = new Map<number, number>();
  readonly #uploads = new Map<string, Uploading>();
  readonly #roundTrips: number[] = [];
  #outgoing: Pending[] = [];
  #ready = new Map<string, Extract<TaskState, { state: 'ready' }>>();
  #refused = new Map<string, string>();
  /** Limits that were asked for, by task. */
  #askedLimits = new Map<string, Limits>();
  #window: number;
  /** Of events that were sent, of runs that are not answered. */
  #sentBytes = 0;
  #config = 0;
  /** Components of the configuration, and what the provider has asked of it: each once. */
  #digests: ReadonlySet<string> = new Set();
  readonly #asked = new Set<'challenge' | 'wanted'>();
  #nextN = 1;
  #beat = 0;
  #beatAtMs = 0;
  #hearing: Hearing;
  #queueMs = 0;
  #isDraining = false;
  #isOver = false;
  #flushing = false;
  #cancelBeat: () => void = () => undefined;
  #cancelWatch: () => void = () => undefined;
  readonly #moves: Moves;
  uploadedBytes = 0;

  constructor(parts: ProviderSessionParts) {
    this.#parts = parts;
    this.#window = parts.welcome.window;
    this.#hearing = beginHearing(parts.timer.nowMs());
    parts.feed.begin(parts.welcome.revision);
    const { link, timer, moved } = parts;
    this.#moves = new Moves({
      send: (message) => this.#send(message),
      bufferedBytes: () => link.bufferedBytes,
      after: (ms, then) => void timer.after(ms, then),
      // It is said again; what is too large for the link will never get through.
      failed: (id, reason) => parts.unsent(id, reason),
      told: moved,
      full: (isFull) => link.pause?.(isFull),
      broken: (error) => this.close(error.code, error.message),
    });
    this.#scheduleBeat();
    this.#watch();
  }

  /** Runs that it takes now. */
  get room(): number {
    if (this.#isOver || this.#isDraining) return 0;
    if (this.#parts.link.bufferedBytes > SESSION_BOUNDS.bufferedBytes) return 0;
    return Math.max(0, this.#window - this.#pending.size - this.#abandoned.size);
  }

  get runs(): number {
    return this.#pending.size;
  }

  get isOver(): boolean {
    return this.#isOver;
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
    return this.#queueMs;
  }

  /** The median of the last round trips; undefined before the first. */
  get roundTripMs(): number | undefined {
    return this.#roundTrips.toSorted((a, b) => a - b)[this.#roundTrips.length >> 1];
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
    this.#digests = new Set(tasks.map(({ digest }) => digest));
    this.#asked.clear();
    this.#uploads.clear();
    this.#askedLimits = new Map(tasks.map(({ name, limits }) => [name, limits]));
    const names = new Set(tasks.map(({ name }) => name));
    // Until it is ready, only what is in both is sent: the provider may have replaced the rest already.
    for (const name of this.#ready.keys()) if (!names.has(name)) this.#ready.delete(name);
    this.#send({ type: 'configure', config: this.#config, tasks });
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
    const nowMs = this.#parts.timer.nowMs();
    return new Promise((resolve, reject) => {
      const n = this.#nextN++;
      const cancel = (): void => this.#cancel(n);
      const overdueAtMs = nowMs + sent.request.limits.deadlineMs + SESSION_BOUNDS.answerMs;
      const settle = (): void => signal?.removeEventListener('abort', cancel);
      const caps = this.capsOf(sent.task);
      const bytes = runBytes(sent.request.event);
      const times = { sentAtMs: nowMs, overdueAtMs };
      const pending: Pending = { ...sent, ...times, n, bytes, caps, resolve, reject, settle };
      this.#pending.set(n, pending);
      this.#outgoing.push(pending);
      signal?.addEventListener('abort', cancel);
      if (signal?.aborted === true) cancel();
      this.#flushSoon();
    });
  }

  /** Tells the provider that no more runs come, and resolves nothing: `ended` is called when it has answered all. */
  drain(): void {
    if (this.#isOver || this.#isDraining) return;
    this.#isDraining = true;
    // Nothing may follow but what ends the runs that are there.
    for (const { n } of this.#outgoing) this.#giveUp(n, 'the provider takes no more runs');
    this.#outgoing = [];
    this.#send({ type: 'drain' });
  }

  close(code: ProtocolErrorCode | 'done', message: string): void {
    if (this.#isOver) return;
    this.#send({ type: 'close', code, message: message.slice(0, PROTOCOL_BOUNDS.messageLength) });
    this.#end(code, message);
  }

  message(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#hearing = hear(this.#hearing, this.#parts.timer.nowMs(), this.#parts.welcome);
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
        if (this.#mayAsk(message, message.digests)) void this.#prove(message);
        return;
      case 'wanted':
        if (this.#mayAsk(message, digestsOf(message.components))) void this.#upload(message);
        return;
      case 'stored':
        return this.#stored(message.digest, message.bytes);
      case 'ready':
        return this.#nowReady(message);
      case 'outcomes':
        for (const outcome of message.outcomes) this.#answered(outcome);
        return this.#parts.changed();
      case 'move':
      case 'piece':
        return this.#moves.receive(message);
      case 'window':
        this.#window = message.runs;
        return this.#parts.changed();
      case 'beat':
        return this.#beaten(message.beat, message.queueMs);
      case 'draining':
        this.drain();
        return this.#parts.changed();
      case 'close':
        this.#end(message.code, message.message);
    }
  }

  /**
   * Whether a question is about the configuration of now.
   * @throws ProtocolError when it was asked before, or is about what the hub has but the provider is not to have.
   */
  #mayAsk({ type, config }: { type: 'challenge' | 'wanted'; config: number }, digests: readonly string[]): boolean {
    if (config !== this.#config || this.#isDraining) return false;
    const other = digests.find((digest) => !this.#digests.has(digest));
    if (other !== undefined) {
      const message = `The provider asks for the component ${other}, which is not of its configuration`;
      throw new ProtocolError('out-of-turn', message);
    }
    if (this.#asked.has(type)) throw new ProtocolError('out-of-turn', `The provider sent ${type} twice`);
    this.#asked.add(type);
    return true;
  }

  #isOfNow(config: number): boolean {
    return config === this.#config && !this.#isDraining;
  }

  async #prove({ config, nonce, digests }: Extract<ProviderMessage, { type: 'challenge' }>): Promise<void> {
    const proofs = [];
    for (const digest of digests) {
      const bytes = await this.#componentOf(digest);
      if (bytes === undefined || !this.#isOfNow(config)) return;
      proofs.push({ digest, proof: createHash('sha256').update(nonce).update(bytes).digest() });
    }
    if (this.#isOfNow(config)) this.#send({ type: 'proofs', config, proofs });
  }

  async #upload({ config, components }: Extract<ProviderMessage, { type: 'wanted' }>): Promise<void> {
    for (const { digest, offset } of components) {
      const bytes = await this.#componentOf(digest);
      if (bytes === undefined || !this.#isOfNow(config)) return;
      const upload = { bytes, sent: offset, stored: offset };
      this.#uploads.set(digest, upload);
      this.#sendPieces(digest, upload);
      // One after the other: the bound on pieces is for all together.
      await this.#uploaded(digest);
    }
  }

  /** @returns undefined after ending the session, when the file is not what was deployed. */
  async #componentOf(digest: string): Promise<Uint8Array | undefined> {
    try {
      const bytes = await this.#parts.component(digest);
      const found = createHash('sha256').update(bytes).digest('hex');
      if (found === digest) return bytes;
      this.close('digest', `the component ${digest} has the sha256 ${found} on disk: it was changed`);
    } catch (error) {
      this.close('internal', `a component cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
    return undefined;
  }

  readonly #uploadWaiters = new Map<string, () => void>();

  #uploaded(digest: string): Promise<void> {
    return new Promise((resolve) => {
      const upload = this.#uploads.get(digest);
      if (upload === undefined || upload.stored >= upload.bytes.length) resolve();
      else this.#uploadWaiters.set(digest, resolve);
    });
  }

  #sendPieces(digest: string, upload: Uploading): void {
    const { chunkBytes, chunksAhead } = PROTOCOL_BOUNDS;
    while (upload.sent < upload.bytes.length && upload.sent - upload.stored < chunksAhead * chunkBytes) {
      const bytes = upload.bytes.subarray(upload.sent, upload.sent + chunkBytes);
      this.#send({ type: 'chunk', digest, offset: upload.sent, bytes });
      upload.sent += bytes.length;
      this.uploadedBytes += bytes.length;
    }
  }

  #stored(digest: string, bytes: number): void {
    const upload = this.#uploads.get(digest);
    if (upload === undefined) return;
    upload.stored = bytes;
    if (bytes < upload.bytes.length) return this.#sendPieces(digest, upload);
    this.#uploads.delete(digest);
    this.#uploadWaiters.get(digest)?.();
    this.#uploadWaiters.delete(digest);
  }

  #nowReady({ config, tasks }: Extract<ProviderMessage, { type: 'ready' }>): void {
    if (config !== this.#config) return;
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
    this.#parts.changed();
  }

  #answered(outcome: RemoteOutcome): void {
    const pending = this.#pending.get(outcome.n);
    if (pending === undefined) {
      // A run that was given up may still be answered, once: nobody looks at it.
      const bytes = this.#abandoned.get(outcome.n);
      if (this.#abandoned.delete(outcome.n)) return this.#roomFor(bytes);
      throw new ProtocolError('fault', `The provider answered run ${outcome.n}, which is not open: twice, or made up`);
    }
    if (this.#outgoing.includes(pending)) {
      throw new ProtocolError('fault', `The provider answered run ${outcome.n} before it was sent`);
    }
    const fault = outcomeFault(outcome, pending);
    if (fault !== undefined) throw new ProtocolError('fault', `The provider's answer cannot be right: ${fault}`);
    this.#pending.delete(outcome.n);
    this.#roomFor(pending.bytes);
    pending.settle();
    const { runId, event } = pending.request;
    const { n: _, epoch: __, queuedMs, ...rest } = outcome;
    const result: RunResult = { ...rest, runId };
    const { usage, reads } = rest;
    const tookMs = this.#parts.timer.nowMs() - pending.sentAtMs;
    const bytes = event.payload.length + usage.outputBytes + usage.logBytes + 64 * reads.length + 700;
    pending.resolve({ result, queuedMs, tookMs, bytes, caps: pending.caps });
  }

  #cancel(n: number): void {
    const pending = this.#pending.get(n);
    if (pending === undefined) return;
    // One that has not been sent is nobody's.
    if (this.#outgoing.includes(pending)) return this.#giveUp(n, 'it was cancelled before it was sent');
    this.#send({ type: 'cancel', n });
    this.#parts.timer.after(SESSION_BOUNDS.cancelMs, () => this.#giveUp(n, 'it was cancelled'));
  }

  /** Whatever the provider says of it from now on, the run is not its any more. */
  #giveUp(n: number, why: string): void {
    const pending = this.#pending.get(n);
    if (pending === undefined) return;
    this.#pending.delete(n);
    if (!this.#outgoing.includes(pending)) this.#abandoned.set(n, pending.bytes);
    if (this.#abandoned.size >= Math.min(SESSION_BOUNDS.abandoned, Math.max(1, this.#window)))
      this.close('lease', 'the provider leaves too many runs unanswered');
    pending.settle();
    pending.reject(new RemoteLost(why));
  }

  /** The provider has answered a run of so many bytes. */
  #roomFor(bytes = 0): void {
    this.#sentBytes -= bytes;
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#flushing || this.#outgoing.length === 0) return;
    this.#flushing = true;
    // Not before everything that is started in this turn is here.
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#isOver || this.#outgoing.length === 0) return;
    const { link, feed, timer, welcome } = this.#parts;
    // What was read here when a run was started must be there when it begins.
    for (let pieces = 0; feed.hasNews; pieces++) {
      if (link.bufferedBytes > SESSION_BOUNDS.bufferedBytes) return void timer.after(5, () => this.#flushSoon());
      if (pieces === SESSION_BOUNDS.stateMessages) return this.#flushSoon();
      const piece = feed.take();
      if (piece !== undefined) this.#send({ type: 'state', ...piece });
    }
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    let batch: Pending[] = [];
    let bytes = 0;
    for (const [i, pending] of outgoing.entries()) {
      if (!this.#pending.has(pending.n)) continue;
      if (this.#sentBytes > 0 && this.#sentBytes + pending.bytes > welcome.windowBytes) {
        this.#outgoing = outgoing.slice(i);
        break;
      }
      this.#sentBytes += pending.bytes;
      batch.push(pending);
      bytes += pending.request.event.payload.length;
      if (batch.length < PROTOCOL_BOUNDS.runs && bytes < PROTOCOL_BOUNDS.batchBytes) continue;
      this.#sendRuns(batch);
      [batch, bytes] = [[], 0];
    }
    if (batch.length > 0) this.#sendRuns(batch);
  }

  #sendRuns(batch: readonly Pending[]): void {
    const { revision } = this.#parts.feed;
    const runs = batch.map(({ n, task, epoch, request }) => {
      const { runId, attempt, event, clockMs, seed, grants, recordReads = false } = request;
      const needed = Object.keys(grants.buckets).length === 0 ? 0 : revision;
      return { n, task, runId, attempt, epoch, event, clockMs, seed, revision: needed, recordReads };
    });
    this.#send({ type: 'runs', runs });
  }

  #scheduleBeat(): void {
    const { heartbeatMs } = this.#parts.welcome;
    this.#cancelBeat = this.#parts.timer.after(heartbeatMs, () => this.#onBeat());
    // The first round trip is wanted soon.
    if (this.#beat === 0) this.#sendBeat();
  }

  #onBeat(): void {
    const nowMs = this.#parts.timer.nowMs();
    for (const { n, overdueAtMs } of this.#pending.values()) {
      if (nowMs < overdueAtMs) continue;
      this.#send({ type: 'cancel', n });
      this.#giveUp(n, 'the provider did not answer in time');
    }
    this.#sendBeat();
    this.#scheduleBeat();
  }

  /** The link is looked at when it would be dead if nothing came until then. */
  #watch(): void {
    const { timer, welcome } = this.#parts;
    const waitMs = deadAtMs(this.#hearing, welcome) - timer.nowMs();
    this.#cancelWatch = timer.after(Math.max(1, waitMs), () => {
      // What has come while this process was held up is heard first.
      setImmediate(() => this.#look());
    });
  }

  #look(): void {
    const silentMs = this.#parts.timer.nowMs() - this.#hearing.lastMs;
    if (this.#isOver) return;
    if (this.#parts.timer.nowMs() < deadAtMs(this.#hearing, this.#parts.welcome)) return this.#watch();
    this.close('lease', `nothing was heard for ${Math.round(silentMs)} ms`);
  }

  #sendBeat(): void {
    this.#beat++;
    this.#beatAtMs = this.#parts.timer.nowMs();
    this.#send({ type: 'beat', beat: this.#beat });
  }

  #beaten(beat: number, queueMs: number): void {
    this.#queueMs = queueMs;
    if (beat !== this.#beat) return;
    this.#roundTrips.push(this.#parts.timer.nowMs() - this.#beatAtMs);
    if (this.#roundTrips.length > SESSION_BOUNDS.roundTrips) this.#roundTrips.shift();
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
    this.#cancelBeat();
    this.#cancelWatch();
    this.#moves.close();
    this.#parts.link.close();
    for (const wake of this.#uploadWaiters.values()) wake();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { settle, reject } of pending) {
      settle();
      reject(new RemoteLost(`the session with the provider ended: ${message}`));
    }
    this.#parts.ended(code, message);
  }
}

function digestsOf(components: readonly { readonly digest: string }[]): readonly string[] {
  return components.map(({ digest }) => digest);
}
