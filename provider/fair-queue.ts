/**
 * Whose run is started next, among all sessions: the one that has used the
 * least fuel, as start-time fair queueing has it (Goyal, Vin and Cheng, 1996).
 * A session that was idle begins level with the others.
 *
 * While there are others, long runs of one session leave a thread free: what
 * executes cannot be taken back before its end.
 */
export interface QueueOptions {
  /** How many more runs could be started now without waiting behind others. */
  readonly slots: () => number;
  readonly threads: number;
}

/** One run that waits or is under way. What is expected of it is asked when its turn comes: while it waited, others were seen. */
export interface Waiting {
  readonly expectedFuel: number;
  /** How long it will execute. */
  readonly expectedMs: number;
  readonly isLong: boolean;
  /** Starts it; `finish` follows, never from within. */
  readonly start: () => void;
}

/** Added to what each run uses, as its way through the provider takes time, too. */
const RUN_OVERHEAD_FUEL = 250_000;

/** One session's place in the queue. */
export class Share {
  /** Whether its runs must wait, as what they would answer could not be sent. */
  readonly isBlocked: () => boolean;
  readonly waiting = new Set<Waiting>();
  usedFuel = 0;
  running = 0;
  longRunning = 0;

  constructor(isBlocked: () => boolean) {
    this.isBlocked = isBlocked;
  }

  get isIdle(): boolean {
    return this.waiting.size === 0 && this.running === 0;
  }
}

export class FairQueue {
  readonly #options: QueueOptions;
  readonly #shares = new Set<Share>();
  /** What was expected of the runs that are under way. */
  readonly #expected = new Map<Waiting, Omit<Waiting, 'start'>>();
  #level = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Runs of all sessions that wait. */
  get waiting(): number {
    let sum = 0;
    for (const share of this.#shares) sum += share.waiting.size;
    return sum;
  }

  /**
   * About how long a run of this session would wait if it came now, in milliseconds: for a thread, of what executes half
   * on average; and for those of its own session before it, each of which takes turns with the others that wait.
   */
  expectedWaitMs(share: Share): number {
    const { threads } = this.#options;
    const executing = [...this.#expected.values()];
    // One may be about to be started.
    const next = executing.length < threads ? this.#next()?.run : undefined;
    if (next !== undefined) executing.push(next);
    if (share.waiting.size === 0 && executing.length < threads) return 0;
    let ms = 0;
    for (const { expectedMs } of executing) ms += expectedMs / 2;
    let others = 0;
    for (const each of this.#shares) if (each !== share && each.waiting.size > 0) others++;
    for (const { expectedMs } of share.waiting) ms += expectedMs * (1 + others);
    return ms / threads;
  }

  join(isBlocked: () => boolean): Share {
    const share = new Share(isBlocked);
    this.#shares.add(share);
    return share;
  }

  /** Its waiting runs are forgotten; those under way go on. */
  leave(share: Share): void {
    share.waiting.clear();
    this.#shares.delete(share);
  }

  submit(share: Share, run: Waiting): void {
    if (share.isIdle) share.usedFuel = Math.max(share.usedFuel, this.#level);
    share.waiting.add(run);
    this.pump();
  }

  /** Takes back a run that has not begun. @returns whether it had not. */
  withdraw(share: Share, run: Waiting): boolean {
    return share.waiting.delete(run);
  }

  finish(share: Share, run: Waiting, fuel: number): void {
    const expected = this.#expected.get(run);
    if (expected === undefined) throw new Error('Cannot finish a run as it was not started');
    this.#expected.delete(run);
    share.running--;
    if (expected.isLong) share.longRunning--;
    share.usedFuel += fuel - expected.expectedFuel;
    this.pump();
  }

  pump(): void {
    for (let slots = this.#options.slots(); slots > 0; slots--) {
      const next = this.#next();
      if (next === undefined) return;
      const { share, run } = next;
      this.#level = share.usedFuel;
      share.waiting.delete(run);
      const { expectedFuel, expectedMs, isLong } = run;
      this.#expected.set(run, { expectedFuel, expectedMs, isLong });
      share.usedFuel += expectedFuel + RUN_OVERHEAD_FUEL;
      share.running++;
      if (isLong) share.longRunning++;
      run.start();
    }
  }

  #next(): { readonly share: Share; readonly run: Waiting } | undefined {
    let best: { readonly share: Share; readonly run: Waiting } | undefined;
    for (const share of this.#shares) {
      const [run] = share.waiting;
      if (run === undefined || (best !== undefined && best.share.usedFuel <= share.usedFuel)) continue;
      if (run.isLong && share.longRunning >= this.#mostLong) continue;
      if (!share.isBlocked()) best = { share, run };
    }
    return best;
  }

  get #mostLong(): number {
    const { threads } = this.#options;
    return this.#shares.size > 1 ? Math.max(1, threads - 1) : Infinity;
  }
}
