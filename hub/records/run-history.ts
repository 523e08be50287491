/** Runs that are over, as whoever asks the hub sees them. */
import { bornMs } from '../ids.js';
import type { KeptComponents } from '../deployments/index.js';
import type { RecordArchive, RunQuery } from '../store/index.js';

export interface RunHistoryParts {
  readonly archive: Pick<RecordArchive, 'list' | 'find'>;
  readonly components: Pick<KeptComponents, 'find'>;
  /** Writes records that still wait. */
  readonly flush: () => void;
  readonly unrecorded: () => number;
}

export class RunHistory {
  readonly #parts: RunHistoryParts;

  constructor(parts: RunHistoryParts) {
    this.#parts = parts;
  }

  /** Runs that left no record since the hub was started, as they came too fast. */
  get unrecorded(): number {
    return this.#parts.unrecorded();
  }

  /** A list of `RunSummary` as JSON, the latest first. @throws Error when they cannot be read. */
  list(query: RunQuery): Promise<string> {
    this.#parts.flush();
    return this.#parts.archive.list(query);
  }

  /** A `RecordJson` as JSON, or undefined when the run is not kept. @throws Error when it cannot be read. */
  find(runId: string): Promise<string | undefined> {
    this.#parts.flush();
    return this.#parts.archive.find(runId, bornMs(runId));
  }

  /** @param digest sha256 in hex. */
  component(digest: string): Promise<Uint8Array | undefined> {
    return this.#parts.components.find(digest);
  }
}
