/** A folder as a disk keeps it: what of it is left when the power is cut between two of the calls that write there. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import promises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import type { FaultPoints } from '../../hub/storm/fault-points.js';

/**
 * `power`: only what was synced is there, names in a folder and contents apart. `power, late`: the disk has all names as they
 * were, and of contents only what was synced.
 */
export type FolderLoss = 'process' | 'power' | 'power, late';

/** What the disk has of a file's contents. */
interface Inode {
  synced: Buffer | undefined;
}

const REAL = { ...promises };

/** Steps of this process in the folder, from `install` to `remove`, pass the fault points. */
export class ModelFolder {
  readonly #root: string;
  readonly #faults: FaultPoints;
  readonly #files = new Map<string, Inode>();
  /** Names in a folder that the disk has. */
  readonly #names = new Map<string, ReadonlyMap<string, Inode | undefined>>();

  /** @param root It is there, and all in it is on the disk. */
  constructor(root: string, faults: FaultPoints) {
    this.#root = root;
    this.#faults = faults;
    this.#begin(root);
  }

  install(): void {
    const isHere = (path: unknown): path is string => typeof path === 'string' && path.startsWith(this.#root);
    Object.assign(promises, {
      open: async (path: string, flags: string, mode?: number) => {
        if (!isHere(path)) return REAL.open(path, flags, mode);
        const handle = await this.#around(flags === 'w' ? 'a new file' : 'a look at a folder', () =>
          REAL.open(path, flags, mode),
        );
        if (flags === 'w') this.#files.set(path, { synced: undefined });
        return this.#handle(handle, path, flags === 'w');
      },
      rename: async (from: string, to: string) => {
        if (!isHere(from)) return REAL.rename(from, to);
        await this.#around('a rename', async () => {
          await REAL.rename(from, to);
          const inode = this.#files.get(from);
          this.#files.delete(from);
          if (inode !== undefined) this.#files.set(to, inode);
        });
      },
      rm: async (path: string, options: object) => {
        if (!isHere(path)) return REAL.rm(path, options);
        await this.#around('a file goes', () => REAL.rm(path, options));
      },
      mkdir: async (path: string, options: object) => {
        if (!isHere(path)) return REAL.mkdir(path, options);
        return this.#around('a folder', () => REAL.mkdir(path, options));
      },
    });
    syncBuiltinESMExports();
  }

  remove(): void {
    Object.assign(promises, REAL);
    syncBuiltinESMExports();
  }

  /** Copies what is left now. */
  leave(to: string, loss: FolderLoss): void {
    if (loss === 'process') cpSync(this.#root, to, { recursive: true });
    else this.#copy(this.#root, to, loss);
  }

  /** What is there is on the disk. */
  #begin(folder: string): void {
    const names = new Map<string, Inode | undefined>();
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        names.set(entry.name, undefined);
        this.#begin(path);
      } else {
        const inode = { synced: readFileSync(path) };
        this.#files.set(path, inode);
        names.set(entry.name, inode);
      }
    }
    this.#names.set(folder, names);
  }

  #copy(folder: string, to: string, loss: FolderLoss): void {
    mkdirSync(to, { recursive: true });
    const names = loss === 'power' ? (this.#names.get(folder) ?? new Map<string, undefined>()) : this.#namesIn(folder);
    for (const [name, inode] of names) {
      if (inode === undefined) this.#copy(join(folder, name), join(to, name), loss);
      else writeFileSync(join(to, name), inode.synced ?? '');
    }
  }

  #namesIn(folder: string): ReadonlyMap<string, Inode | undefined> {
    const entries = readdirSync(folder, { withFileTypes: true });
    return new Map(
      entries.map((entry) => [
        entry.name,
        entry.isDirectory() ? undefined : (this.#files.get(join(folder, entry.name)) ?? { synced: undefined }),
      ]),
    );
  }

  #handle(handle: FileHandle, path: string, isFile: boolean): Pick<FileHandle, 'writeFile' | 'sync' | 'close'> {
    const inode = this.#files.get(path);
    return {
      writeFile: (data) => this.#around('contents', () => handle.writeFile(data)),
      sync: () =>
        this.#around(`a sync of a ${isFile ? 'file' : 'folder'}`, async () => {
          const names = isFile ? undefined : this.#namesIn(path);
          const contents = isFile ? readFileSync(path) : undefined;
          await handle.sync();
          if (names !== undefined) this.#names.set(path, names);
          if (inode !== undefined) inode.synced = contents;
        }),
      close: () => handle.close(),
    };
  }

  async #around<Result>(step: string, work: () => Promise<Result>): Promise<Result> {
    this.#faults.pass(`before ${step}`);
    const result = await work();
    this.#faults.pass(`after ${step}`);
    return result;
  }
}
