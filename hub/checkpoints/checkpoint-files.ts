import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AskedThread } from '../asked-thread.js';
import { CHECKPOINT_BOUNDS } from './limits.js';
import { syncFolder } from '../data-folder/index.js';
import type { KeptCheckpoint } from './checkpoint-folder.js';
import { digestIn, fileOf } from './file-names.js';
import type { CheckpointAnswer, CheckpointRequest } from './messages.js';

const THREAD = new URL('./thread.js', import.meta.url);

export interface KeepOptions {
  /** The bytes are not used any more by whoever gives them. */
  readonly give: boolean;
  /** The digest of a whole checkpoint of the same run that is kept: where much is as there, only the rest is written. */
  readonly base?: string | undefined;
  /** It is packed as far as is worth it, and is written as it is; then it has no base. Default: false. */
  readonly asItIs?: boolean;
}

/**
 * Checkpoints as files, each named by what is in it: written under another name, synced, and renamed, so that a file of
 * that name has all that it should. One may be the difference to another, which stands alone. Which of them count is for
 * the store to say.
 */
export class CheckpointFiles {
  readonly #dir: string;
  readonly #sizes = new Map<string, number>();
  readonly #thread: AskedThread<CheckpointRequest, CheckpointAnswer>;
  #bytes = 0;

  /**
   * Removes what a kill has left behind.
   * @param wanted Digests of the files that count.
   */
  constructor(dir: string, wanted: ReadonlySet<string>) {
    this.#dir = dir;
    this.#thread = new AskedThread(THREAD, dir);
    // A folder of which the disk does not know has nothing in it after a power cut.
    if (mkdirSync(dir, { recursive: true }) !== undefined) syncFolder(dirname(dir));
    for (const name of readdirSync(dir)) {
      const digest = digestIn(name);
      if (digest !== undefined && wanted.has(digest)) this.#note(digest, statSync(join(dir, name)).size);
      else rmSync(join(dir, name), { force: true, recursive: true });
    }
  }

  /** Bytes of all files. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Resolves when it is on disk.
   * @param checkpoint Not packed, and whole.
   * @throws Error when it is too large, there are too many, or the disk refuses.
   */
  async keep(checkpoint: Uint8Array, { give, base, asItIs = false }: KeepOptions): Promise<KeptCheckpoint> {
    if (this.#bytes >= CHECKPOINT_BOUNDS.checkpointsBytes) {
      throw new Error(`checkpoints must have at most ${CHECKPOINT_BOUNDS.checkpointsBytes} bytes together`);
    }
    const answer = await this.#thread.ask(
      (id) => ({ kind: 'keep', id, checkpoint, base, asItIs }),
      give ? whole(checkpoint) : [],
    );
    if (answer.kind !== 'kept') throw new Error('the thread answered something else');
    const { digest, bytes } = answer;
    this.#note(digest, bytes);
    return { digest, base: answer.base, bytes };
  }

  /** @returns it, not packed, and whole. @throws Error when it, or what it rests on, is not there, or damaged. */
  async read(digest: string): Promise<Uint8Array> {
    const answer = await this.#thread.ask((id) => ({ kind: 'read', id, digest }));
    if (answer.kind !== 'read') throw new Error('the thread answered something else');
    return answer.checkpoint;
  }

  async remove(digest: string): Promise<void> {
    this.#bytes -= this.#sizes.get(digest) ?? 0;
    this.#sizes.delete(digest);
    await rm(fileOf(this.#dir, digest), { force: true });
  }

  /** Ends the thread. What it is at is left half done, as by a kill. */
  async close(): Promise<void> {
    await this.#thread.terminate();
  }

  /** Of a file, as it is on disk; 0 when there is no such file. */
  bytesOf(digest: string): number {
    return this.#sizes.get(digest) ?? 0;
  }

  #note(digest: string, bytes: number): void {
    this.#bytes += bytes - (this.#sizes.get(digest) ?? 0);
    this.#sizes.set(digest, bytes);
  }
}

/** What can be handed over instead of copied. */
function whole({ buffer }: Uint8Array): readonly ArrayBuffer[] {
  return buffer instanceof ArrayBuffer ? [buffer] : [];
}
