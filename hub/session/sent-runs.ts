import type { RunRequest, RunResult } from '../../runtime/index.js';
import {
  PROTOCOL_BOUNDS,
  ProtocolError,
  runBytes,
  type HubMessage,
  type RemoteOutcome,
} from '../../provider/protocol/index.js';
import type { Timer } from '../timer.js';
import type { Caps } from './capped-limits.js';
import { SESSION_BOUNDS } from './limits.js';
import { outcomeFault } from './outcome-fault.js';
import { RemoteLost } from './remote-lost.js';
import { readsState, sendState, type SendStateParts } from './send-state.js';
import type { StateFeed } from './state-feed.js';

export interface SentRunsParts extends Pick<SendStateParts, 'bufferedBytes'> {
  readonly feed: Pick<StateFeed, 'hasNews' | 'take' | 'revision'>;
  readonly timer: Timer;
  /** Runs that the provider takes at once; it may say another number later. */
  readonly window: number;
  /** Bytes of events that it takes at once, unless a single one has more. */
  readonly windowBytes: number;
  readonly send: (message: Extract<HubMessage, { type: 'state' | 'runs' | 'cancel' }>) => void;
  /** Called when the provider leaves so many runs unanswered that the session is of no use. */
  readonly stuck: () => void;
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
  /** Whether the provider was told to end it. */
  isCancelled: boolean;
  readonly resolve: (result: RemoteResult) => void;
  readonly reject: (error: RemoteLost) => void;
  readonly settle: () => void;
}

/** Runs of one session, from their start here to their outcome: they go in batches, each after the state that it may see. */
export class SentRuns {
  readonly #parts: SentRunsParts;
  readonly #pending = new Map<number, Pending>();
  /** Runs that were given up and are not answered, with their bytes: they take room there. */
  readonly #abandoned = new Map<number, number>();
  #outgoing: Pending[] = [];
  /** Of events that were sent, of runs that are not answered. */
  #sentBytes = 0;
  #window: number;
  #nextN = 1;
  #flushing = false;

  constructor(parts: SentRunsParts) {
    this.#parts = parts;
    this.#window = parts.window;
  }

  /** Runs that are not answered, and not given up. */
  get size(): number {
    return this.#pending.size;
  }

  /** Runs that the provider takes now. */
  get room(): number {
    if (this.#parts.bufferedBytes() > SESSION_BOUNDS.bufferedBytes) return 0;
    return Math.max(0, this.#window - this.#pending.size - this.#abandoned.size);
  }

  /** The provider takes so many runs at once from now on. */
  resize(window: number): void {
    this.#window = window;
  }

  /**
   * Has a run executed. There must be room.
   * @param caps Limits that its task has there, where they are below its own.
   * @throws RemoteLost when there will be no outcome.
   */
  send(sent: SentRun, caps: Caps | undefined, signal: AbortSignal | undefined): Promise<RemoteResult> {
    const nowMs = this.#parts.timer.nowMs();
    return new Promise((resolve, reject) => {
      const n = this.#nextN++;
      const cancel = (): void => this.#cancel(n);
      const overdueAtMs = nowMs + sent.request.limits.deadlineMs + SESSION_BOUNDS.answerMs;
      const settle = (): void => signal?.removeEventListener('abort', cancel);
      const bytes = runBytes(sent.request.event);
      const times = { sentAtMs: nowMs, overdueAtMs };
      const pending: Pending = { ...sent, ...times, n, bytes, caps, isCancelled: false, resolve, reject, settle };
      this.#pending.set(n, pending);
      this.#outgoing.push(pending);
      signal?.addEventListener('abort', cancel);
      if (signal?.aborted === true) cancel();
      this.#flushSoon();
    });
  }

  /** @throws ProtocolError when the answer cannot be right. */
  answered(outcome: RemoteOutcome): void {
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
    const isMadeUp = outcome.outcome.kind === 'cancelled' && !pending.isCancelled;
    const fault = isMadeUp ? 'nobody has cancelled the run' : outcomeFault(outcome, pending);
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

  /** Gives up what should have been answered by now. */
  giveUpOverdue(): void {
    const nowMs = this.#parts.timer.nowMs();
    for (const { n, overdueAtMs } of this.#pending.values()) {
      if (nowMs < overdueAtMs) continue;
      this.#parts.send({ type: 'cancel', n });
      this.#giveUp(n, 'the provider did not answer in time', true);
    }
  }

  /** Gives up what was not sent yet: nothing may follow but what ends the runs that are there. */
  giveUpUnsent(): void {
    for (const { n } of this.#outgoing) this.#giveUp(n, 'the provider takes no more runs');
    this.#outgoing = [];
  }

  /** The session is over: nothing more is sent or answered. */
  end(why: string): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    this.#outgoing = [];
    for (const { settle, reject } of pending) {
      settle();
      reject(new RemoteLost(why));
    }
  }

  #cancel(n: number): void {
    const pending = this.#pending.get(n);
    if (pending === undefined) return;
    // One that has not been sent is nobody's.
    if (this.#outgoing.includes(pending)) return this.#giveUp(n, 'it was cancelled before it was sent');
    pending.isCancelled = true;
    this.#parts.send({ type: 'cancel', n });
    this.#parts.timer.after(SESSION_BOUNDS.cancelMs, () => this.#giveUp(n, 'it was cancelled'));
  }

  /** Whatever the provider says of it from now on, the run is not its any more. */
  #giveUp(n: number, why: string, isOverdue = false): void {
    const pending = this.#pending.get(n);
    if (pending === undefined) return;
    this.#pending.delete(n);
    if (!this.#outgoing.includes(pending)) this.#abandoned.set(n, pending.bytes);
    if (this.#abandoned.size >= Math.min(SESSION_BOUNDS.abandoned, Math.max(1, this.#window))) this.#parts.stuck();
    pending.settle();
    pending.reject(new RemoteLost(why, isOverdue));
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
    if (this.#outgoing.length === 0) return;
    const { bufferedBytes, timer, windowBytes } = this.#parts;
    // What was read here when a run was started must be there when it begins.
    if (!sendState(this.#parts)) {
      if (bufferedBytes() <= SESSION_BOUNDS.bufferedBytes) return this.#flushSoon();
      return void timer.after(SESSION_BOUNDS.fullMs, () => this.#flushSoon());
    }
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    let batch: Pending[] = [];
    let bytes = 0;
    for (const [i, pending] of outgoing.entries()) {
      if (!this.#pending.has(pending.n)) continue;
      if (this.#sentBytes > 0 && this.#sentBytes + pending.bytes > windowBytes) {
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
    const { feed, send } = this.#parts;
    const runs = batch.map(({ n, task, epoch, request }) => {
      const { runId, attempt, event, clockMs, seed, grants, recordReads = false } = request;
      const needed = readsState(grants) ? feed.revision : 0;
      return { n, task, runId, attempt, epoch, event, clockMs, seed, revision: needed, recordReads };
    });
    send({ type: 'runs', runs });
  }
}
