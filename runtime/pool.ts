/**
 * The threads that run guests. The only importer of piscina.
 *
 * Runs wait here only until a thread is free; then as many as there are, up to
 * a bound, go to it in one message. A thread is handed one batch at a time, so
 * that a run waits behind at most the batch that is executing, and a batch in
 * which one run takes long gives the rest back.
 */
import { once } from 'node:events';
import { Piscina } from 'piscina';
import { RuntimeError } from './errors.js';
import { RUNTIME_BOUNDS } from './limits.js';
import type { Fuel, Limits, RunRequest, RunResult } from './task.js';
import { controlBlock, newControl } from './worker/control.js';
import { packRuns, unpackResults } from './worker/wire-codec.js';
import {
  CONTROL,
  type Answer,
  type Packed,
  type Partial,
  type StartAnswer,
  type ThreadJob,
  type ThreadOptions,
} from './worker/wire.js';

interface Ticket {
  readonly request: RunRequest;
  resolve: (result: RunResult) => void;
  /** Times it has been handed to a thread. */
  handouts: number;
  cancelled: boolean;
  /** Where it executes, while it does. */
  place: { readonly batch: Batch; readonly index: number } | undefined;
}

interface Batch {
  readonly id: number;
  /** By index; undefined once finished or given back. */
  readonly tickets: (Ticket | undefined)[];
  readonly block: number;
  readonly control: Int32Array;
  /** Tickets not yet finished or given back. */
  open: number;
  /** Its thread is free again. */
  answered: boolean;
  /** The run last seen executing, and since when. */
  seenRunning: number;
  seenAtMs: number;
}

/** A batch keeps its block until all it sent is here: its thread may have the next one by then. */
const BLOCKS_PER_THREAD = 4;

/** One executes, one is there when it ends. */
const MIN_RUNS_AHEAD = 2;

/** How much the latest run counts in the mean of what runs take. */
const RECENT = 1 / 64;

/** How often the watchdog looks. */
const WATCHDOG_PERIOD_MS = 500;

export class Pool {
  readonly threads: number;
  readonly #piscina: Piscina<ThreadJob, Answer>;
  readonly #pending: Ticket[] = [];
  readonly #batches = new Map<number, Batch>();
  readonly #control: SharedArrayBuffer;
  readonly #freeBlocks: number[];
  #nextBatch = 1;
  /** What a run took of late, on average. */
  #runMs = RUNTIME_BOUNDS.aheadMs / MIN_RUNS_AHEAD;
  #runsOut = 0;
  #busyThreads = 0;
  #flushing = false;
  #closing: Promise<void> | undefined;
  readonly #watchdog: NodeJS.Timeout;
  #drained: (() => void) | undefined;

  constructor(threads: number, options: Omit<ThreadOptions, 'control'>) {
    this.threads = threads;
    const blocks = threads * BLOCKS_PER_THREAD;
    this.#control = newControl(blocks);
    this.#freeBlocks = Array.from({ length: blocks }, (_, i) => i);
    this.#piscina = new Piscina({
      filename: new URL('./worker/main.js', import.meta.url).href,
      minThreads: threads,
      maxThreads: threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: 1,
      // Threads that wait on a futex cost the main thread a fifth of its time in wake-ups; messages alone do not.
      atomics: 'disabled',
      recordTiming: false,
      workerData: { ...options, control: this.#control } satisfies ThreadOptions,
    });
    this.#piscina.on('message', (message: Partial) => this.#partial(message));
    // A thread that dies between jobs is replaced; nothing is lost with it.
    this.#piscina.on('error', () => undefined);
    this.#watchdog = setInterval(() => this.#look(), WATCHDOG_PERIOD_MS).unref();
  }

  /** Runs that could be taken now and be with a thread at the next moment. */
  get idleSlots(): number {
    return Math.max(0, this.threads * this.#runsAhead - this.#runsOut - this.#pending.length);
  }

  /** How many runs a thread is given in advance. */
  get #runsAhead(): number {
    const runs = Math.ceil(RUNTIME_BOUNDS.aheadMs / this.#runMs);
    return Math.min(RUNTIME_BOUNDS.batchRuns, Math.max(MIN_RUNS_AHEAD, runs));
  }

  /** The threads themselves, for tests that kill one. */
  get workers(): readonly { terminate(): Promise<number> }[] {
    return this.#piscina.threads;
  }

  /** Resolves when a thread can be worked with. @throws RuntimeError when what threads run does not load. */
  async ready(): Promise<void> {
    this.#watchdog.ref();
    try {
      const failed = once(this.#piscina, 'error').then(([cause]: unknown[]) => {
        throw new RuntimeError('internal', `A thread does not start: ${String(cause)}`, { cause });
      });
      await Promise.race([this.#piscina.run({ type: 'ping' }), failed]);
    } finally {
      this.#watchdog.unref();
    }
  }

  /** Instantiates a component in some thread. @throws RuntimeError */
  async start(task: string, limits: Limits): Promise<Fuel> {
    const answer = (await this.#piscina.run({ type: 'start', task, limits })) as StartAnswer;
    if (answer.type === 'started') return answer.fuel;
    throw new RuntimeError('component-over-limit', `The component does not start: ${answer.message}`);
  }

  run(request: RunRequest, signal: AbortSignal | undefined): Promise<RunResult> {
    if (this.#pending.length >= RUNTIME_BOUNDS.pendingRuns) {
      return Promise.reject(
        new RuntimeError('internal', `The pool holds ${RUNTIME_BOUNDS.pendingRuns} runs already; see idleSlots`),
      );
    }
    return new Promise((resolve) => {
      const ticket: Ticket = { request, resolve, handouts: 0, cancelled: signal?.aborted ?? false, place: undefined };
      if (signal !== undefined) this.#heed(signal, ticket);
      this.#pending.push(ticket);
      if (this.#pending.length >= RUNTIME_BOUNDS.batchWorthwhile && this.#busyThreads < this.threads) this.#flush();
      else this.#flushSoon();
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
    clearInterval(this.#watchdog);
    await this.#piscina.destroy();
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  #heed(signal: AbortSignal, ticket: Ticket): void {
    const abort = (): void => this.#cancel(ticket);
    const { resolve } = ticket;
    ticket.resolve = (result) => {
      signal.removeEventListener('abort', abort);
      resolve(result);
    };
    signal.addEventListener('abort', abort);
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
    for (let free = this.threads - this.#busyThreads; free > 0 && this.#pending.length > 0; free--) {
      const share = Math.min(
        this.#runsAhead,
        Math.max(RUNTIME_BOUNDS.batchWorthwhile, Math.ceil(this.#pending.length / free)),
      );
      const block = this.#freeBlocks.pop();
      if (block === undefined) break; // one comes back with the next message
      const tickets = this.#take(share);
      if (tickets.length > 0) this.#handOut(tickets, block);
      else this.#freeBlocks.push(block);
    }
    if (this.#runsOut + this.#pending.length === 0) this.#drained?.();
  }

  #take(count: number): Ticket[] {
    let bytes = 0;
    let taken = 0;
    for (const ticket of this.#pending) {
      bytes += ticket.request.event.payload.length;
      if (taken === count || (taken > 0 && bytes > RUNTIME_BOUNDS.batchBytes)) break;
      taken++;
    }
    const tickets = this.#pending.splice(0, taken);
    return tickets.filter((ticket) => {
      if (ticket.cancelled) ticket.resolve(unstarted(ticket.request, { kind: 'cancelled' }));
      return !ticket.cancelled;
    });
  }

  #handOut(tickets: Ticket[], block: number): void {
    const batch: Batch = {
      id: this.#nextBatch++,
      tickets: [...tickets],
      block,
      control: controlBlock(this.#control, block),
      open: tickets.length,
      answered: false,
      seenRunning: -1,
      seenAtMs: performance.now(),
    };
    batch.control.fill(0);
    batch.control[CONTROL.running] = -1;
    this.#batches.set(batch.id, batch);
    this.#busyThreads++;
    this.#runsOut += tickets.length;
    for (const [index, ticket] of tickets.entries()) {
      ticket.handouts++;
      ticket.place = { batch, index };
    }
    // Piscina lets the process end once it has its answer, but a part of it may still be on the way.
    this.#watchdog.ref();
    const job: ThreadJob = {
      type: 'batch',
      batch: batch.id,
      runs: packRuns(tickets.map(({ request }) => request)),
      block: batch.block,
    };
    this.#piscina.run(job).then(
      (answer) => this.#finished(batch, answer as Packed),
      (error: unknown) => this.#lost(batch, error),
    );
  }

  #finished(batch: Batch, results: Packed): void {
    this.#deliver(batch, results);
    this.#answered(batch);
  }

  #partial(message: Partial): void {
    const batch = this.#batches.get(message.batch);
    if (batch === undefined) return;
    this.#deliver(batch, message.results);
    this.#giveBack(batch, message.returnedFrom);
    this.#forgetIfDone(batch);
    this.#flushSoon();
  }

  #deliver(batch: Batch, packed: Packed): void {
    for (const [index, result] of unpackResults(packed)) {
      const ticket = this.#release(batch, index);
      ticket?.resolve({ runId: ticket.request.runId, ...result });
      this.#runMs += (Math.min(result.usage.wallMs, RUNTIME_BOUNDS.longRunMs) - this.#runMs) * RECENT;
    }
  }

  /** Puts runs that a batch has not begun in front of those that wait. */
  #giveBack(batch: Batch, from: number): void {
    const back: Ticket[] = [];
    for (let i = from; i < batch.tickets.length; i++) {
      const ticket = this.#release(batch, i);
      if (ticket !== undefined) back.push(ticket);
    }
    this.#pending.unshift(...back);
  }

  #release(batch: Batch, index: number): Ticket | undefined {
    const ticket = batch.tickets[index];
    if (ticket === undefined) return undefined;
    batch.tickets[index] = undefined;
    batch.open--;
    ticket.place = undefined;
    this.#runsOut--;
    return ticket;
  }

  /**
   * The thread died. The run that executed then is to blame; the others are
   * handed out again: nothing they may have done is visible.
   */
  #lost(batch: Batch, error: unknown): void {
    const running = Atomics.load(batch.control, CONTROL.running);
    const cause = error instanceof Error ? error.message : String(error);
    const culprit = this.#release(batch, running);
    culprit?.resolve(
      unstarted(culprit.request, {
        kind: 'trapped',
        reason: 'thread-lost',
        message: `the thread that held the run died: ${cause}`,
      }),
    );
    for (const [index, ticket] of batch.tickets.entries()) {
      if (ticket === undefined || ticket.handouts < RUNTIME_BOUNDS.handouts) continue;
      this.#release(batch, index);
      ticket.resolve(
        unstarted(ticket.request, {
          kind: 'trapped',
          reason: 'thread-lost',
          message: `${ticket.handouts} threads that held the run died: ${cause}`,
        }),
      );
    }
    this.#giveBack(batch, 0);
    this.#answered(batch);
  }

  /** The thread is free. What the batch sent on the way may still be on the way: it uses another port. */
  #answered(batch: Batch): void {
    batch.answered = true;
    this.#busyThreads--;
    this.#forgetIfDone(batch);
    this.#flush();
  }

  #forgetIfDone(batch: Batch): void {
    if (!batch.answered || batch.open > 0) return;
    this.#batches.delete(batch.id);
    this.#freeBlocks.push(batch.block);
    if (this.#batches.size === 0) this.#watchdog.unref();
  }

  #cancel(ticket: Ticket): void {
    ticket.cancelled = true;
    const { place } = ticket;
    if (place !== undefined) Atomics.store(place.batch.control, CONTROL.cancel + place.index, 1);
  }

  /** A run that neither ends nor looks at its fuel costs its thread. */
  #look(): void {
    const now = performance.now();
    for (const batch of this.#batches.values()) {
      if (batch.answered) continue;
      const running = Atomics.load(batch.control, CONTROL.running);
      if (running !== batch.seenRunning) {
        batch.seenRunning = running;
        batch.seenAtMs = now;
        continue;
      }
      const ticket = batch.tickets[running];
      if (ticket === undefined) continue;
      if (now - batch.seenAtMs > ticket.request.limits.deadlineMs + RUNTIME_BOUNDS.watchdogMs) this.#kill(batch);
    }
  }

  /** Piscina replaces the thread and rejects what it held. */
  #kill(batch: Batch): void {
    const id = Atomics.load(batch.control, CONTROL.thread);
    const thread = this.#piscina.threads.find(({ threadId }) => threadId === id);
    void thread?.terminate();
  }
}

/** A result for a run of which nothing is known but how it ended. */
function unstarted(request: RunRequest, outcome: RunResult['outcome']): RunResult {
  return {
    runId: request.runId,
    outcome,
    effects: [],
    reads: [],
    log: [],
    droppedLogLines: 0,
    usage: { fuel: 0, peakMemoryBytes: 0, wallMs: 0, hostMs: 0, outputBytes: 0, logBytes: 0 },
  };
}
