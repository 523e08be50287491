import type { PointContent, StubKeeper, StubRecord } from '../../provider/protocol/migration/index.js';
import { packCheckpointAside } from '../../runtime/index.js';
import type { CheckpointFiles } from '../checkpoints/index.js';
import { keepChange, type ChangeKeeper } from '../journal/index.js';
import type { Logger } from '../log.js';
import { filesOf, fitsOf, versionOf, type KeptPoints } from '../parking/index.js';
import type { PendingRun } from '../pending-run.js';
import type { Job } from '../scheduler/index.js';
import type { Note } from './notes.js';
import { writeStub } from './stub-text.js';

export interface KeptStubsParts extends ChangeKeeper {
  readonly job: Job<PendingRun>;
  readonly provider: string;
  readonly files: Pick<CheckpointFiles, 'keep' | 'remove'>;
  readonly points: Pick<KeptPoints, 'of'>;
  readonly log: Pick<Logger, 'debug'>;
  /** Whether the run moves again already: its next stub takes the row over, and may name the same files. */
  readonly isOvertaken: () => boolean;
  /** The way of the run so far. */
  readonly notes: () => readonly Note[];
  /** Ends the run, in one transaction with its effects. Resolves when that is on disk. */
  readonly end: (record: StubRecord, how: 'of-the-run' | 'cancelled') => Promise<void>;
}

interface Kept {
  readonly bytes: Uint8Array;
  readonly digest: string;
}

/**
 * The stub of one run: first its checkpoints, then the row that names them, then those before go. So a row that the disk
 * has names files that it has, whenever the hub is killed. That of a run which the inbox does not hold is in memory only.
 */
export class KeptStubs implements StubKeeper {
  readonly #parts: KeptStubsParts;
  #last: StubRecord;
  #files: readonly Kept[];

  /** @param files The checkpoints of `record` that are on disk already. */
  constructor(parts: KeptStubsParts, record: StubRecord, files: readonly Kept[] = []) {
    this.#parts = parts;
    this.#last = record;
    this.#files = files;
  }

  /** What the run would go on from after a restart. */
  get last(): StubRecord {
    return this.#last;
  }

  async keep(record: StubRecord): Promise<void> {
    const { job, provider, notes } = this.#parts;
    const { place, attempt, task } = job.value;
    if (place !== undefined) {
      const { anchor, difference, result } = record.content;
      const files = await this.#kept(record.content);
      const digestOf = (bytes: Uint8Array | undefined): string | undefined =>
        files.find((file) => file.bytes === bytes)?.digest;
      const { id, stub, terms, why } = record;
      const text = writeStub({ stub, terms, why, result, notes: notes() });
      const digests = { anchor: digestOf(anchor), difference: digestOf(difference) };
      const version = { fits: fitsOf(task), version: versionOf(task) };
      const move = { place, attempt, id, provider, ...version, ...digests, stub: text };
      await keepChange(this.#parts, { move });
      const before = this.#files;
      this.#files = files;
      // Nobody waits for what is of no use to go.
      void this.#remove(before.filter(({ digest }) => !files.some((file) => file.digest === digest)));
    }
    this.#last = record;
  }

  async over(record: StubRecord, how: 'of-the-run' | 'cancelled'): Promise<void> {
    await this.#parts.end(record, how);
  }

  /** Only a provider is told that nothing is wanted any more. */
  drop(): Promise<void> {
    return Promise.resolve();
  }

  /** The run moves no more. Resolves when that is on disk. */
  async forget(): Promise<void> {
    const { place } = this.#parts.job.value;
    if (this.#parts.isOvertaken()) return;
    if (place !== undefined) await keepChange(this.#parts, { dropsMove: place });
    await this.removeFiles();
  }

  /** The row is gone, with the run's. */
  async removeFiles(): Promise<void> {
    const files = this.#files;
    this.#files = [];
    await this.#remove(files);
  }

  async #kept({ anchor, difference }: PointContent): Promise<readonly Kept[]> {
    const kept: Kept[] = [];
    for (const bytes of [anchor, difference]) {
      if (bytes === undefined) continue;
      const before = this.#files.find((file) => file.bytes === bytes);
      if (before !== undefined) kept.push(before);
      else {
        // As it is sent.
        const packed = await packCheckpointAside(bytes);
        const { digest } = await this.#parts.files.keep(packed, { give: false, asItIs: true });
        kept.push({ bytes, digest });
      }
    }
    return kept;
  }

  async #remove(files: readonly Kept[]): Promise<void> {
    const { points, job, log, isOvertaken } = this.#parts;
    for (const { digest } of files) {
      // They are left until the next start.
      if (isOvertaken()) return;
      // The point at which it began to move may be the same, or rest on it.
      const point = points.of(job);
      if (point !== undefined && filesOf(point).includes(digest)) continue;
      await this.#parts.files.remove(digest).catch((error: unknown) => {
        log.debug({ err: error, digest }, 'a checkpoint that is of no use is left until the next start');
      });
    }
  }
}
