/**
 * The threads that run guests, and who gets which run when.
 *
 * Runs wait here only until a thread is free; then as many as there are, up to
 * a bound, go to it in one message. A thread is handed one batch at a time, so
 * that a run waits behind at most the batch that is executing, and a batch in
 * which one run takes long gives the rest back.
 */
import { vouchFor } from '../checkpoint/index.js';
import { RuntimeError } from '../errors.js';
import { RUNTIME_BOUNDS } from '../limits.js';
import type { RuntimeObserver } from '../observation.js';
import type { Fuel, Limits, RunRequest, RunResult } from '../task.js';
import { packRuns, unpackResults } from '../worker/wire-codec.js';
import type { ExecutingRun, Occupancy, WaitingRun } from '../occupancy.js';
import type { RunEnd, RunHandle, PointOptions } from '../points.js';
import type { Packed, Partial, Point, PointJob, StartAnswer, ThreadJob, ThreadOptions } from '../worker/wire.js';
import { Batch } from './batch.js';
import { GuestThread } from './guest-thread.js';
import { Pace } from './pace.js';
import { withoutTrace, type Ticket, type TicketPoints } from './ticket.js';
import { Waiting } from './waiting.js';
import { Watchdog } from './watchdog.js';

/** Where the runs of tasks go that have cost a thread. */
export interface Quarantine {
  holds(task: string): boolean;
  /** From now on, this task's runs go there. */
  add(task: string): void;
  /** Resolves whatever happens. */
  run(request: RunRequest, signal: AbortSignal | undefined): Promise<RunResult>;
}

export interface PoolOptions extends Omit<ThreadOptions, 'control'> {
  readonly threads: number;
  readonly quarantine: Quarantine;
  readonly observe: RuntimeObserver;
}

interface Start {
  readonly job: Extract<ThreadJob, { type: 'start' }>;
  readonly resolve: (answer: StartAnswer) => void;
  readonly reject: (error: RuntimeError) => void;
}

export class Pool {
  readonly #options: PoolOptions;
  readonly #threads: GuestThread[];
  /** Those that one run has to itself: they are closed when it ends. */
  readonly #apart = new Set<GuestThread>();
  readonly #pending: Waiting;
  readonly #starts: Start[] = [];
  readonly #batches = new Map<number, Batch>();
  readonly #pace = new Pace();
  readonly #watchdog: Watchdog;
  #nextBatch = 1;
  #runsOut = 0;
  #flushing = false;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#threads = Array.from({ length: options.threads }, () => this.#newThread());
    this.#pending = new Waiting(options.threads);
    this.#watchdog = new Watchdog(
      () => this.#batches.values(),
      (batch) => void this.#end(batch.thread, (cause) => this.#lost(batch, cause)),
    );
  }

  #newThread(): GuestThread {
    const { cacheDir, state } = this.#options;
    return new GuestThread({ cacheDir, state }, (message) => {
      if (message.type === 'point') this.#point(message);
      else this.#partial(message);
    });
  }

  /** Runs that could be taken now and be with a thread at the next moment. */
  get idleSlots(): number {
    const shared = this.#runsOut - this.#apart.size;
    return Math.max(0, this.#threads.length * this.#pace.runsAhead - shared - this.#pending.length);
  }

  get occupancy(): Occupancy {
    const executing: ExecutingRun[] = [];
    const apart: string[] = [];
    for (const batch of this.#batches.values()) {
      const runId = batch.answered ? undefined : batch.at(batch.running)?.request.runId;
      if (runId === undefined) continue;
      if (this.#apart.has(batch.thread)) apart.push(runId);
      else executing.push({ runId, thread: this.#threads.indexOf(batch.thread) });
    }
    const waiting: WaitingRun[] = [];
    for (const { ticket, thread } of this.#pending.all()) waiting.push({ runId: ticket.request.runId, thread });
    const idle = this.#threads.filter(({ busy }) => !busy).length;
    return { threads: this.#threads.length, idle, executing, waiting, apart };
  }

  /** See `Runtime.setApart`. */
  setApart(runId: string): boolean {
    if (this.closed || this.#apart.size >= RUNTIME_BOUNDS.threadsApart) return false;
    for (const batch of this.#batches.values()) {
      if (batch.answered || batch.at(batch.running)?.request.runId !== runId) continue;
      const slot = this.#threads.indexOf(batch.thread);
      if (slot < 0) return false;
      this.#threads[slot] = this.#newThread();
      this.#apart.add(batch.thread);
      this.#flushSoon();
      return true;
    }
    return false;
  }

  /** See `Runtime.cancel`. */
  cancel(runId: string): boolean {
    for (const batch of this.#batches.values()) {
      const index = batch.indexOf(runId);
      const ticket = batch.at(index);
      if (ticket === undefined) continue;
      revoke(ticket);
      batch.cancel(index);
      return true;
    }
    for (const { ticket } of this.#pending.all()) {
      if (ticket.request.runId !== runId) continue;
      revoke(ticket);
      return true;
    }
    return false;
  }

  /** The threads themselves, for tests that kill one. */
  get workers(): readonly { readonly threadId: number; terminate(): Promise<number> }[] {
    return this.#threads.flatMap(({ worker }) => worker ?? []);
  }

  /** Resolves when a thread can be worked with. @throws RuntimeError when what threads run does not load. */
  async ready(): Promise<void> {
    this.#watchdog.awake = true;
    try {
      await Promise.race(this.#threads.map((thread) => thread.ready()));
    } finally {
      this.#watchdog.awake = false;
    }
  }

  /** Instantiates a component in the first thread that is free. @throws RuntimeError */
  async start(task: string, limits: Limits): Promise<Fuel> {
    const answer = await new Promise<StartAnswer>((resolve, reject) => {
      this.#starts.push({ job: { type: 'start', task, limits }, resolve, reject });
      this.#flush();
    });
    if (answer.type === 'started') return answer.fuel;
    throw new RuntimeError('component-over-limit', `The component does not start: ${answer.message}`);
  }

  /** Has each thread let go of what it keeps of a task, before it runs anything that is asked for from now on. */
  forget(task: string): void {
    if (this.closed) return;
    for (const thread of [...this.#threads, ...this.#apart]) thread.forget(task);
  }

  /** A run that can be suspended. @param from the checkpoint that it goes on from; undefined for one that begins. */
  begin(request: RunRequest, from: Uint8Array | undefined, options: PointOptions): RunHandle {
    const { signal, everyMs, everyFuel, since, deltas = false, statePrefix, onPoint } = options;
    let ticket: Ticket | undefined;
    const end = new Promise<RunEnd>((resolve, reject) => {
      const points: TicketPoints = {
        from,
        everyMs,
        deltas,
        everyFuel,
        since,
        statePrefix,
        suspending: false,
        passed: (checkpoint) => onPoint?.(checkpoint),
        left: (checkpoint) => resolve({ kind: 'suspended', checkpoint }),
      };
      const accept = (accepted: Ticket): void => void (ticket = accepted);
      this.#run(request, signal, points, accept).then((result) => resolve({ kind: 'ended', result }), reject);
    });
    const suspend = async (): Promise<Uint8Array | undefined> => {
      if (ticket?.points !== undefined) ticket.points.suspending = true;
      ticket?.place?.batch.suspend(ticket.place.index);
      const ended = await end.catch(() => undefined);
      return ended?.kind === 'suspended' ? ended.checkpoint : undefined;
    };
    return { end, suspend };
  }

  run(request: RunRequest, signal: AbortSignal | undefined): Promise<RunResult> {
    return this.#run(request, signal, undefined, () => undefined);
  }

  #run(
    request: RunRequest,
    signal: AbortSignal | undefined,
    points: TicketPoints | undefined,
    accept: (ticket: Ticket) => void,
  ): Promise<RunResult> {
    if (this.#options.quarantine.holds(request.task)) return this.#inQuarantine(request, signal, points);
    if (this.#pending.length >= RUNTIME_BOUNDS.pendingRuns) {
      return Promise.reject(
        new RuntimeError('internal', `The pool holds ${RUNTIME_BOUNDS.pendingRuns} runs already; see idleSlots`),
      );
    }
    return new Promise((resolve) => {
      const cancelled = signal?.aborted ?? false;
      const ticket: Ticket = { request, signal, resolve, losses: 0, cancelled, place: undefined, points };
      accept(ticket);
      if (signal !== undefined) heed(signal, ticket);
      this.#pending.push(ticket);
      if (this.#pending.length >= RUNTIME_BOUNDS.batchWorthwhile && this.#threads.some(({ busy }) => !busy)) {
        this.#flush();
      } else this.#flushSoon();
    });
  }

  /** Finishes what it holds, then stops the threads. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#runsOut + this.#pending.length > 0) {
      await new Promise<void>((resolve) => (this.#drained = resolve));
    }
    for (const { reject } of this.#starts.splice(0)) reject(new RuntimeError('closed', 'The runtime is closed'));
    this.#watchdog.close();
    await Promise.all([...this.#threads, ...this.#apart].map((thread) => thread.close()));
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    // Not before everything that came with the same read from the network is here.
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    const free = this.#threads.filter(({ busy }) => !busy);
    for (let thread = free.shift(); thread !== undefined; thread = free.shift()) {
      const start = this.#starts.shift();
      if (start !== undefined) {
        void this.#startOn(thread, start);
        continue;
      }
      if (this.#pending.length === 0) break;
      this.#handOut(thread, free.length + 1);
    }
    if (this.#runsOut + this.#pending.length === 0) this.#drained?.();
  }

  async #startOn(thread: GuestThread, { job, resolve, reject }: Start): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, lose) => {
      timer = setTimeout(() => void this.#end(thread, lose), RUNTIME_BOUNDS.startMs);
    });
    try {
      resolve((await Promise.race([thread.run(job), tooLong])) as StartAnswer);
    } catch (cause) {
      const message = `The component does not start: the thread that started it died: ${messageOf(cause)}`;
      reject(new RuntimeError('component-over-limit', message, { cause }));
    } finally {
      clearTimeout(timer);
      this.#flush();
    }
  }

  /** @param among How many threads are free to take what is pending. */
  #handOut(thread: GuestThread, among: number): void {
    const place = thread.takeBlock();
    if (place === undefined) return; // one comes back with the next message
    const fair = Math.max(RUNTIME_BOUNDS.batchWorthwhile, Math.ceil(this.#pending.length / among));
    const tickets = this.#take(thread, Math.min(this.#pace.runsAhead, fair));
    if (tickets.length === 0) {
      thread.giveBlockBack(place.block);
      return;
    }
    const batch = new Batch(this.#nextBatch++, thread, place.block, place.control, tickets);
    this.#batches.set(batch.id, batch);
    this.#runsOut += tickets.length;
    // Piscina lets the process end once it has its answer, but a part of it may still be on the way.
    this.#watchdog.awake = true;
    const runs = packRuns(tickets.map(({ request }) => request));
    thread.run({ type: 'batch', batch: batch.id, runs, block: batch.block, points: pointJobs(tickets) }).then(
      (answer) => this.#finished(batch, answer as Packed),
      (error: unknown) => this.#lost(batch, error),
    );
  }

  #take(thread: GuestThread, count: number): Ticket[] {
    return this.#pending.take(this.#threads.indexOf(thread), count).filter((ticket) => {
      if (ticket.cancelled) ticket.resolve(withoutTrace(ticket.request, { kind: 'cancelled' }));
      return !ticket.cancelled;
    });
  }

  #finished(batch: Batch, results: Packed): void {
    if (batch.answered) return; // its thread was given up
    this.#deliver(batch, results);
    this.#answered(batch);
  }

  #partial(message: Partial): void {
    const batch = this.#batches.get(message.batch);
    if (batch === undefined) return;
    this.#deliver(batch, message.results);
    this.#giveBack(batch, message.returnedFrom);
    this.#forgetIfOver(batch);
    this.#flushSoon();
  }

  #point({ batch: id, index, leaves, checkpoint }: Point): void {
    const batch = this.#batches.get(id);
    if (batch === undefined) return;
    vouchFor(checkpoint);
    if (!leaves) {
      batch.at(index)?.points?.passed(checkpoint);
      return;
    }
    const ticket = this.#release(batch, index);
    ticket?.unheed?.();
    ticket?.points?.left(checkpoint);
    this.#forgetIfOver(batch);
    this.#flushSoon();
  }

  #deliver(batch: Batch, packed: Packed): void {
    for (const [index, result] of unpackResults(packed)) {
      const ticket = this.#release(batch, index);
      ticket?.resolve({ runId: ticket.request.runId, ...result });
      this.#pace.note(result.usage.wallMs);
    }
  }

  #release(batch: Batch, index: number): Ticket | undefined {
    const ticket = batch.release(index);
    if (ticket !== undefined) this.#runsOut--;
    return ticket;
  }

  /** Puts runs that a batch has not begun in front of those that wait. */
  #giveBack(batch: Batch, from: number): void {
    const back = batch.releaseFrom(from);
    this.#runsOut -= back.length;
    this.#pending.giveBack(back);
  }

  /**
   * The thread died. The run that executed then is to blame; the others are
   * handed out again: nothing they may have done is visible.
   */
  #lost(batch: Batch, error: unknown): void {
    if (batch.answered) return; // it was given up before it died
    const cause = messageOf(error);
    const culprit = this.#release(batch, batch.running);
    this.#options.observe({ kind: 'thread-lost', task: culprit?.request.task, cause });
    if (culprit !== undefined) {
      const message = `the thread that held the run died: ${cause}`;
      culprit.resolve(withoutTrace(culprit.request, { kind: 'trapped', reason: 'thread-lost', message }));
      this.#options.quarantine.add(culprit.request.task);
    }
    const left = batch.releaseFrom(0);
    this.#runsOut -= left.length;
    this.#pending.giveBack(left.filter((ticket) => !this.#lostTooOften(ticket, cause)));
    this.#handToQuarantine();
    this.#answered(batch);
  }

  #lostTooOften(ticket: Ticket, cause: string): boolean {
    ticket.losses++;
    if (ticket.losses < RUNTIME_BOUNDS.losses) return false;
    const message = `${ticket.losses} threads that held the run died: ${cause}`;
    ticket.resolve(withoutTrace(ticket.request, { kind: 'trapped', reason: 'thread-lost', message }));
    return true;
  }

  /** Runs that wait here, and whose task has become a suspect meanwhile. */
  #handToQuarantine(): void {
    const { quarantine } = this.#options;
    const waiting = this.#pending.drain();
    for (const ticket of waiting) {
      const { request, signal, resolve, points } = ticket;
      if (ticket.cancelled) resolve(withoutTrace(request, { kind: 'cancelled' }));
      else if (quarantine.holds(request.task)) void this.#inQuarantine(request, signal, points).then(resolve);
      else this.#pending.push(ticket);
    }
  }

  /** There, a run begins anew, and reads state by its own names. */
  #inQuarantine(
    request: RunRequest,
    signal: AbortSignal | undefined,
    points: TicketPoints | undefined,
  ): Promise<RunResult> {
    if (points?.statePrefix === undefined) return this.#options.quarantine.run(request, signal);
    const message =
      'its task has cost a thread, and runs that read state by other names are not executed in quarantine';
    return Promise.resolve(withoutTrace(request, { kind: 'trapped', reason: 'thread-lost', message }));
  }

  /** The thread is free. What the batch sent on the way may still be on the way: it uses another port. */
  #answered(batch: Batch): void {
    batch.answered = true;
    this.#forgetIfOver(batch);
    this.#flush();
  }

  #forgetIfOver(batch: Batch): void {
    if (!batch.over) return;
    this.#batches.delete(batch.id);
    batch.thread.giveBlockBack(batch.block);
    if (this.#apart.delete(batch.thread)) void batch.thread.close();
    if (this.#batches.size === 0) this.#watchdog.awake = false;
  }

  /** Ends a thread: piscina starts another and rejects what it held. One that does not end is left behind. */
  async #end(thread: GuestThread, lost: (cause: Error) => void): Promise<void> {
    if (await thread.kill()) return;
    const slot = this.#threads.indexOf(thread);
    if (slot >= 0) this.#threads[slot] = this.#newThread();
    else if (!this.#apart.delete(thread)) return;
    this.#options.observe({ kind: 'thread-left-behind', afterMs: RUNTIME_BOUNDS.terminateMs });
    lost(new Error(`it did not end within ${RUNTIME_BOUNDS.terminateMs} ms either, and was left behind`));
  }
}

function pointJobs(tickets: readonly Ticket[]): PointJob[] {
  return tickets.flatMap(({ points }, index) => {
    if (points === undefined) return [];
    const { from, everyMs, everyFuel, since, deltas, statePrefix } = points;
    return { index, from, everyMs, everyFuel, since, deltas, statePrefix };
  });
}

/** A run is to end without effect, also if it has completed on its thread and its result is on the way. */
function revoke(ticket: Ticket): void {
  const { resolve } = ticket;
  ticket.cancelled = true;
  ticket.resolve = (result) =>
    resolve(result.outcome.kind === 'completed' ? { ...result, outcome: { kind: 'cancelled' }, effects: [] } : result);
}

/** Follows a signal for as long as the run is held. */
function heed(signal: AbortSignal, ticket: Ticket): void {
  const abort = (): void => {
    ticket.cancelled = true;
    ticket.place?.batch.cancel(ticket.place.index);
  };
  const { resolve } = ticket;
  ticket.unheed = (): void => signal.removeEventListener('abort', abort);
  ticket.resolve = (result) => {
    ticket.unheed?.();
    resolve(result);
  };
  signal.addEventListener('abort', abort);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
