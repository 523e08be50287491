import type { PointOptions, RunEnd, RunHandle, RunRequest, RunResult } from '../../runtime/index.js';
import type { Decision } from './decide.js';

export interface PlacedRunParts {
  readonly request: RunRequest;
  readonly options: PointOptions | undefined;
  readonly decide: () => Decision;
  /** Begins it here. */
  readonly begin: (request: RunRequest, options: PointOptions | undefined) => RunHandle;
  /** The run before its first instruction, as a checkpoint. */
  readonly beginning: () => Uint8Array;
  /** Has it move to the provider as soon as it stands still at its beginning. */
  readonly move: (decision: Decision) => void;
  /** Has it executed at a provider, or wait for one. @returns undefined when it is to be placed anew, or was cancelled. */
  readonly away: (decision: Decision) => Promise<RunResult | undefined>;
  readonly cancelled: () => RunResult;
}

/**
 * A run that could stand still and begins where placement says. One that is to move stands still at its beginning, and
 * needs no thread here for that. Any other at a provider is executed as a whole, and comes to no point; one that is lost
 * there begins anew, and may begin here.
 */
export class PlacedRun implements RunHandle {
  readonly end: Promise<RunEnd>;
  readonly #parts: PlacedRunParts;
  #here: RunHandle | undefined;
  #isSuspended = false;

  constructor(parts: PlacedRunParts) {
    this.#parts = parts;
    this.end = this.#execute(parts.decide());
  }

  async suspend(): Promise<Uint8Array | undefined> {
    this.#isSuspended = true;
    void this.#here?.suspend();
    const end = await this.end.catch(() => undefined);
    return end?.kind === 'suspended' ? end.checkpoint : undefined;
  }

  async #execute(first: Decision): Promise<RunEnd> {
    const { request, options, decide, begin, beginning, move, away, cancelled } = this.#parts;
    for (let decision = first; ; decision = decide()) {
      if (decision.side === 'local') {
        this.#here = begin(request, options);
        if (this.#isSuspended) void this.#here.suspend();
        return this.#here.end;
      }
      if (decision.moves === true) {
        // Who has asked it to stand still here before has it so.
        if (!this.#isSuspended) move(decision);
        return { kind: 'suspended', checkpoint: beginning() };
      }
      const result = await away(decision);
      if (result !== undefined) return { kind: 'ended', result };
      if (options?.signal?.aborted === true) return { kind: 'ended', result: cancelled() };
    }
  }
}
