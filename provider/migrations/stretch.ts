import { glanceAt, type RunEnd, type RunHandle, type Runtime } from '../../runtime/index.js';
import type { FairQueue, Share, Waiting } from '../fair-queue.js';
import { PROVIDER_BOUNDS } from '../policy.js';
import type { ReplicaView } from '../replica/replica.js';

/** What a stretch executes on: the component, and state as it is when a thread is free. */
export interface Ground {
  readonly task: string;
  /** Undefined for a run without buckets. */
  readonly view: (() => ReplicaView) | undefined;
}

export interface StretchParts {
  readonly runtime: Pick<Runtime, 'resume' | 'occupancy'>;
  readonly queue: FairQueue;
  readonly share: Share;
  /** Resolves when there is all that it executes on. */
  readonly ground: Promise<Ground>;
  /** Stands alone. */
  readonly checkpoint: Uint8Array;
  readonly everyMs: number;
  readonly onPoint: (checkpoint: Uint8Array) => void;
  readonly after: (ms: number, then: () => void) => () => void;
  /** Told when it can never execute here, in place of its end. */
  readonly unable: (reason: string) => void;
}

/**
 * A stretch of a run that moved here, from a checkpoint on. It waits until there is what it executes on, then for its
 * hub's turn; while it executes, it stands still after a while if others wait, so that it takes turns with them.
 */
export class Stretch implements RunHandle {
  readonly end: Promise<RunEnd>;
  readonly #parts: StretchParts;
  readonly #waiting: Waiting;
  #resolve: (end: RunEnd) => void = () => undefined;
  #ground: Ground | undefined;
  #handle: RunHandle | undefined;
  #isAsked = false;
  #isOver = false;
  #stopLooking: () => void = () => undefined;

  constructor(parts: StretchParts) {
    this.#parts = parts;
    this.end = new Promise((resolve) => (this.#resolve = resolve));
    const expectedMs = PROVIDER_BOUNDS.stretchMs;
    this.#waiting = { expectedFuel: 0, expectedMs, isLong: true, start: () => this.#start() };
    parts.ground.then(
      (ground) => this.#stands(ground),
      (error: unknown) => this.#unable(error),
    );
  }

  async suspend(): Promise<Uint8Array | undefined> {
    const { queue, share, checkpoint } = this.#parts;
    this.#isAsked = true;
    if (this.#handle !== undefined) void this.#handle.suspend();
    else if (this.#ground === undefined || queue.withdraw(share, this.#waiting)) {
      this.#over({ kind: 'suspended', checkpoint });
    }
    const end = await this.end;
    return end.kind === 'suspended' ? end.checkpoint : undefined;
  }

  #stands(ground: Ground): void {
    if (this.#isOver) return;
    this.#ground = ground;
    this.#parts.queue.submit(this.#parts.share, this.#waiting);
  }

  /** The queue's: a thread is free. */
  #start(): void {
    void this.#execute(this.#ground?.view?.());
  }

  async #execute(view: ReplicaView | undefined): Promise<void> {
    // Not within the queue's call: what cannot begin is over at once.
    await Promise.resolve();
    const { runtime, checkpoint, everyMs, onPoint } = this.#parts;
    const options = { everyMs, onPoint, deltas: true, statePrefix: view?.prefix };
    let fuel = 0;
    try {
      const begunAt = glanceAt(checkpoint).fuel;
      this.#handle = runtime.resume(checkpoint, this.#ground?.task ?? '', options);
      if (this.#isAsked) void this.#handle.suspend();
      this.#lookAfterOthers();
      const end = await this.#handle.end;
      fuel = Math.max(0, fuelOf(end) - begunAt);
      const lost = lossIn(end);
      if (lost === undefined) this.#over(end);
      else this.#unable(new Error(lost));
    } catch (error) {
      this.#unable(error);
    } finally {
      this.#stopLooking();
      this.#parts.queue.finish(this.#parts.share, this.#waiting, fuel);
      release(view);
    }
  }

  #lookAfterOthers(): void {
    const { queue, runtime, after } = this.#parts;
    this.#stopLooking = after(PROVIDER_BOUNDS.stretchMs, () => {
      // Some may be with the runtime already, behind this one.
      if (queue.waiting + runtime.occupancy.waiting.length > 0) void this.#handle?.suspend();
      else this.#lookAfterOthers();
    });
  }

  #over(end: RunEnd): void {
    this.#isOver = true;
    this.#resolve(end);
  }

  #unable(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#parts.unable(error instanceof Error ? error.message : String(error));
  }
}

/** Why it has no outcome: the thread is to blame, or the task, and its hub finds out which. */
function lossIn(end: RunEnd): string | undefined {
  if (end.kind !== 'ended') return undefined;
  const { outcome } = end.result;
  return outcome.kind === 'trapped' && outcome.reason === 'thread-lost' ? outcome.message : undefined;
}

function fuelOf(end: RunEnd): number {
  return end.kind === 'ended' ? end.result.usage.fuel : glanceAt(end.checkpoint).fuel;
}

/** A disk may refuse to remove what nobody reads any more: it goes with the folder, when the provider starts again. */
function release(view: ReplicaView | undefined): void {
  try {
    view?.release();
  } catch {
    // Nothing rests on it.
  }
}
