import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from './store.js';

/** A copy of the store, complete. */
export interface Backup {
  readonly bytes: number;
  /** Reads the copy, from its beginning, and lets go of it at the end; cancelling it does too. */
  readonly content: ReadableStream<Uint8Array>;
}

/** Bytes that are read from the copy at once. */
const PIECE_BYTES = 256 * 1024;

/**
 * Copies of everything that is committed, made in a thread while the hub works on.
 *
 * A copy is a file in the data folder for as long as it is being made, and then
 * one without a name: whoever asked for it has the only hold on it, and a kill
 * leaves nothing behind but a half-made one, which the next takes the place of.
 * Nobody else says where files go on this machine.
 */
export class Backups {
  readonly #store: Pick<Store, 'backup'>;
  readonly #file: string;
  #busy = false;

  constructor(store: Pick<Store, 'backup'>, dataDir: string) {
    this.#store = store;
    this.#file = join(dataDir, 'backup.part');
  }

  /** @returns undefined while another is made or read. @throws StoreError 'backup-failed'. */
  async take(): Promise<Backup | undefined> {
    if (this.#busy) return undefined;
    this.#busy = true;
    try {
      await rm(this.#file, { force: true });
      await this.#store.backup(this.#file);
      const handle = await open(this.#file, 'r');
      await rm(this.#file);
      const { size } = await handle.stat();
      return { bytes: size, content: this.#contentOf(handle) };
    } catch (error) {
      this.#busy = false;
      throw error;
    }
  }

  #contentOf(handle: FileHandle): ReadableStream<Uint8Array> {
    const end = async (): Promise<void> => {
      this.#busy = false;
      await handle.close();
    };
    return new ReadableStream({
      pull: async (controller) => {
        const { bytesRead, buffer } = await handle.read(new Uint8Array(PIECE_BYTES));
        if (bytesRead > 0) return controller.enqueue(buffer.subarray(0, bytesRead));
        await end();
        controller.close();
      },
      cancel: end,
    });
  }
}
