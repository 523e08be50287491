/**
 * What a disk may have of a folder at each moment of what a program does to it: what it was asked to keep, and of all
 * else any part. Watches the functions of Node, of which the program must know no others than are named here.
 */
import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** What is in a file, and what of that the disk was asked to keep. */
interface Contents {
  readonly now: Buffer;
  readonly synced: Buffer;
}

/** A file, whatever its name is. */
type File = { contents: Contents };

type Names<Of> = ReadonlyMap<string, Of>;

interface Moment<Told> {
  /** What was said by then. */
  readonly told: Told;
  readonly kept: Names<Contents>;
  /** Names that were given or taken since the folder was synced. */
  readonly changes: readonly (readonly [name: string, contents: Contents | undefined])[];
}

const EMPTY = Buffer.alloc(0);

const pickSync = ({ openSync, writeSync, fsyncSync, renameSync, rmSync }: typeof fs) => {
  return { openSync, writeSync, fsyncSync, renameSync, rmSync };
};
const pickAside = ({ open, rename, rm }: typeof promises) => ({ open, rename, rm });

export class WatchedFolder<Told> {
  readonly #folder: string;
  readonly #told: () => Told;
  readonly #moments: Moment<Told>[] = [];
  readonly #descriptors = new Map<number, string>();
  readonly #real = { sync: pickSync(fs), aside: pickAside(promises) };
  #names = new Map<string, File>();
  #kept = new Map<string, File>();
  #changes: (readonly [string, File | undefined])[] = [];

  /** Watches an empty folder from now on. @param told what the program has said by now. */
  constructor(folder: string, told: () => Told) {
    this.#folder = folder;
    this.#told = told;
    this.#watchSync();
    this.#watchAside();
    syncBuiltinESMExports();
    this.#pass();
  }

  /** Watches no more. */
  close(): void {
    this.#pass();
    Object.assign(fs, this.#real.sync);
    Object.assign(promises, this.#real.aside);
    syncBuiltinESMExports();
  }

  get moments(): number {
    return this.#moments.length;
  }

  /** Writes all that a cut of the power may leave, each into a folder of its own. */
  *leftovers(within: string): Generator<{ readonly folder: string; readonly told: Told }> {
    let count = 0;
    for (const { told, kept, changes } of this.#moments) {
      for (const which of subsets(changes.length)) {
        for (const part of [0, 0.5, 1]) {
          const names = new Map(kept);
          for (const [i, [name, contents]] of changes.entries()) {
            if (!which(i)) continue;
            if (contents === undefined) names.delete(name);
            else names.set(name, contents);
          }
          const folder = join(within, `${count++}`);
          fs.mkdirSync(folder, { recursive: true });
          for (const [name, contents] of names) fs.writeFileSync(join(folder, name), partOf(contents, part));
          yield { folder, told };
        }
      }
    }
  }

  #watchSync(): void {
    const { openSync, writeSync, fsyncSync, renameSync, rmSync } = this.#real.sync;
    Object.assign(fs, {
      openSync: (path: string, flags: string, mode?: number) => {
        const fd = openSync(path, flags, mode);
        this.#descriptors.set(fd, path);
        if (flags === 'w') this.#opened(path);
        return fd;
      },
      writeSync: (fd: number, bytes: Uint8Array, offset = 0) => {
        const written = writeSync(fd, bytes, offset);
        this.#wrote(this.#descriptors.get(fd) ?? '');
        return written;
      },
      fsyncSync: (fd: number) => {
        const synced = this.#syncing(this.#descriptors.get(fd) ?? '');
        fsyncSync(fd);
        synced();
      },
      renameSync: (from: string, to: string) => {
        renameSync(from, to);
        this.#renamed(from, to);
        // What is open under a name is the same file under another.
        for (const [fd, path] of this.#descriptors) if (path === from) this.#descriptors.set(fd, to);
      },
      rmSync: (path: string, options: fs.RmOptions) => {
        rmSync(path, options);
        this.#removed(path);
      },
    });
  }

  #watchAside(): void {
    const { open, rename, rm } = this.#real.aside;
    Object.assign(promises, {
      open: async (path: string, flags: string, mode?: number) => {
        const handle = await open(path, flags, mode);
        if (flags === 'w') this.#opened(path);
        return {
          writeFile: async (bytes: Uint8Array) => {
            await handle.writeFile(bytes);
            this.#wrote(path);
          },
          sync: async () => {
            const synced = this.#syncing(path);
            await handle.sync();
            synced();
          },
          close: () => handle.close(),
        };
      },
      rename: async (from: string, to: string) => {
        await rename(from, to);
        this.#renamed(from, to);
      },
      rm: async (path: string, options: fs.RmOptions) => {
        await rm(path, options);
        this.#removed(path);
      },
    });
  }

  #opened(path: string): void {
    if (!this.#isIn(path)) return;
    const file = this.#names.get(basename(path)) ?? { contents: { now: EMPTY, synced: EMPTY } };
    file.contents = { ...file.contents, now: EMPTY };
    this.#change(basename(path), file);
  }

  #wrote(path: string): void {
    const file = this.#isIn(path) ? this.#names.get(basename(path)) : undefined;
    if (file === undefined) return;
    file.contents = { ...file.contents, now: fs.readFileSync(path) };
    this.#pass();
  }

  /** @returns what is to be called when it is done: what was there before is kept then. */
  #syncing(path: string): () => void {
    this.#pass();
    if (path === this.#folder) {
      const [names, { length }] = [new Map(this.#names), this.#changes];
      return () => {
        this.#kept = names;
        this.#changes = this.#changes.slice(length);
        this.#pass();
      };
    }
    const file = this.#isIn(path) ? this.#names.get(basename(path)) : undefined;
    const now = file?.contents.now;
    return () => {
      if (file === undefined || now === undefined) return;
      file.contents = { ...file.contents, synced: now };
      this.#pass();
    };
  }

  #renamed(from: string, to: string): void {
    const file = this.#isIn(from) ? this.#names.get(basename(from)) : undefined;
    if (file === undefined) return;
    this.#change(basename(to), file);
    this.#change(basename(from), undefined);
  }

  #removed(path: string): void {
    if (this.#isIn(path) && this.#names.has(basename(path))) this.#change(basename(path), undefined);
  }

  #change(name: string, file: File | undefined): void {
    if (file === undefined) this.#names.delete(name);
    else this.#names.set(name, file);
    this.#changes.push([name, file]);
    this.#pass();
  }

  #isIn(path: string): boolean {
    return dirname(path) === this.#folder;
  }

  #pass(): void {
    const kept = new Map(Array.from(this.#kept, ([name, { contents }]) => [name, contents]));
    const changes = this.#changes.map(([name, file]) => [name, file?.contents] as const);
    this.#moments.push({ told: this.#told(), kept, changes });
  }
}

/** All of so many, none, each alone, and all but each. */
function subsets(length: number): ((index: number) => boolean)[] {
  if (length === 0) return [() => true];
  const each = Array.from({ length }, (_, i) => i);
  return [
    () => true,
    () => false,
    ...each.map((i) => (index: number) => index === i),
    ...each.map((i) => (index: number) => index !== i),
  ];
}

/** What was synced, unless more is there: then so much of that. */
function partOf({ now, synced }: Contents, part: number): Buffer {
  if (now === synced) return synced;
  return part === 0 ? synced : now.subarray(0, Math.ceil(now.length * part));
}
