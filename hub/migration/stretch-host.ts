import type { Host, PointContent } from '../../provider/protocol/migration/index.js';
import {
  CheckpointFault,
  decodeCheckpoint,
  type RunEnd,
  type RunHandle,
  type RunRequest,
  type Runtime,
} from '../../runtime/index.js';
import type { Stretch } from '../parking/index.js';
import type { PendingRun } from '../pending-run.js';
import type { Job, Scheduler } from '../scheduler/index.js';
import { otherThanAsked } from './asked-the-same.js';

export interface StretchHostParts {
  /** Parked for the scheduler while it does not execute here. */
  readonly job: Job<PendingRun>;
  /** What the hub asked. */
  readonly request: RunRequest;
  readonly runtime: Pick<Runtime, 'resume'>;
  readonly scheduler: Pick<Scheduler<PendingRun>, 'unpark' | 'recall' | 'pump'>;
  /** Why a result that came from the provider cannot be right; undefined when it may be. */
  readonly resultFault: (result: NonNullable<PointContent['result']>) => string | undefined;
  /** The provider has sent what it cannot have from this run. */
  readonly faulty: (reason: string) => void;
  /** The run cannot go on from where it stands. */
  readonly refused: (reason: string) => void;
}

/** Executes a run that moves here: each stretch takes its turn in the lane of the run's task, as the run itself did. */
export class StretchHost implements Host {
  readonly #parts: StretchHostParts;
  #current: Waiting | undefined;
  #isHeld = false;

  constructor(parts: StretchHostParts) {
    this.#parts = parts;
  }

  /** What is to be executed now. */
  get stretch(): Stretch | undefined {
    return this.#current;
  }

  /** Resolves when nothing of it executes here. */
  get idle(): Promise<unknown> {
    return this.#current?.end ?? Promise.resolve();
  }

  execute(checkpoint: Uint8Array, onPoint: (checkpoint: Uint8Array) => void, everyMs: number): RunHandle {
    const { job, scheduler, runtime, refused } = this.#parts;
    const begin = (request: RunRequest, signal: AbortSignal | undefined): RunHandle | undefined => {
      try {
        return runtime.resume(checkpoint, request.task, { signal, onPoint, everyMs, deltas: true });
      } catch (error) {
        refused(error instanceof Error ? error.message : String(error));
        return undefined;
      }
    };
    const stretch = new Waiting({
      checkpoint,
      begin,
      recall: () => scheduler.recall(job),
      over: () => (this.#current = undefined),
    });
    this.#current = stretch;
    if (!this.#isHeld) this.#queue();
    return stretch;
  }

  refuses({ anchor, difference, result }: PointContent, isEnd: boolean): string | undefined {
    const fault =
      endFault(result, isEnd) ??
      this.#faultIn(anchor, true) ??
      this.#faultIn(difference, false) ??
      (result && this.#parts.resultFault(result));
    if (fault !== undefined) this.#parts.faulty(fault);
    return fault;
  }

  /** What waits for its turn waits no more, until `goOn`: it is not to be taken for a run that goes again from its beginning. */
  hold(): void {
    this.#isHeld = true;
    if (this.#current?.isWaiting === true) this.#parts.scheduler.recall(this.#parts.job);
  }

  goOn(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    if (this.#current?.isWaiting === true) this.#queue();
  }

  #queue(): void {
    this.#parts.scheduler.unpark(this.#parts.job);
    this.#parts.scheduler.pump();
  }

  #faultIn(checkpoint: Uint8Array | undefined, standsAlone: boolean): string | undefined {
    if (checkpoint === undefined) return undefined;
    try {
      const { request, base } = decodeCheckpoint(checkpoint);
      const other = otherThanAsked(request, this.#parts.request);
      if (other !== undefined) return `a checkpoint is of another run: its ${other} is not what the hub asked`;
      if (standsAlone && base !== undefined) return `a checkpoint is a difference to ${base}: it must stand alone`;
      return undefined;
    } catch (error) {
      if (!(error instanceof CheckpointFault)) throw error;
      return `a checkpoint cannot be read: ${error.message}`;
    }
  }
}

/** Without a result, an end would be one that nobody asked for. */
function endFault(result: PointContent['result'], isEnd: boolean): string | undefined {
  if (isEnd === (result !== undefined)) return undefined;
  return isEnd ? 'it is said to have ended, and has no result' : 'it has a result, and is not said to have ended';
}

interface WaitingParts {
  readonly checkpoint: Uint8Array;
  readonly begin: Stretch['begin'];
  readonly recall: () => void;
  readonly over: () => void;
}

/** A stretch as both see it: who has it executed, and the parking, which executes it. */
class Waiting implements RunHandle, Stretch {
  readonly end: Promise<RunEnd>;
  readonly #parts: WaitingParts;
  #resolve: (end: RunEnd) => void = () => undefined;
  #handle: RunHandle | undefined;
  #isSuspended = false;
  #isOver = false;

  constructor(parts: WaitingParts) {
    this.#parts = parts;
    this.end = new Promise((resolve) => (this.#resolve = resolve));
  }

  /** Whether it has no thread yet. */
  get isWaiting(): boolean {
    return this.#handle === undefined && !this.#isOver;
  }

  begin(request: RunRequest, signal: AbortSignal | undefined): RunHandle | undefined {
    this.#handle = this.#parts.begin(request, signal);
    if (this.#isSuspended) void this.#handle?.suspend();
    return this.#handle;
  }

  ended(end: RunEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#parts.over();
    this.#resolve(end);
  }

  async suspend(): Promise<Uint8Array | undefined> {
    this.#isSuspended = true;
    if (this.#handle !== undefined) void this.#handle.suspend();
    else if (!this.#isOver) {
      this.#parts.recall();
      this.ended({ kind: 'suspended', checkpoint: this.#parts.checkpoint });
    }
    const end = await this.end;
    return end.kind === 'suspended' ? end.checkpoint : undefined;
  }
}
