/**
 * Stubs on disk, each hub's in a folder of its own: a file for the stub, and
 * one for each of its checkpoints. They are written and synced together, the
 * stub under another name: it has its own when the disk has all that it names.
 * So a stub that is there is whole, whenever the provider is killed.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mostCheckpointBytes, packCheckpointAside, unpackCheckpointAside, type Bytes } from '../../runtime/index.js';
import { decodeStub, encodeStub } from './stub-codec.js';
import type { KeptStub, Stubs } from './stubs.js';
import { syncFolder } from '../sync-folder.js';

const STUB = '.stub';
const UNFINISHED = '.stub.new';
const CHECKPOINT = '.checkpoint';

/** A checkpoint of a stub, and the file that it is in, or is to be in. */
interface CheckpointFile {
  readonly name: string;
  readonly checkpoint: Uint8Array;
  readonly isThere: boolean;
}

export class StubFiles implements Stubs {
  readonly #dir: string;
  /** Checkpoints that are on disk, for as long as somebody has them. */
  readonly #names = new WeakMap<Uint8Array, string>();
  /** Names of a run's checkpoints. */
  readonly #files = new Map<string, readonly string[]>();
  #count = 0;
  #isMade = false;

  /** @param dir The hub's own. It is made when something is to be kept. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /**
   * Reads what an earlier process has kept, and removes what a kill has left behind.
   * @param unreadable told of a stub that cannot be read. It is removed: its hub has one, too.
   */
  async read(unreadable: (reason: string) => void): Promise<readonly KeptStub[]> {
    const names = await readdir(this.#dir);
    this.#isMade = true;
    const wanted = new Set<string>();
    const stubs: KeptStub[] = [];
    for (const name of names) {
      if (!name.endsWith(STUB)) continue;
      try {
        const { stub, anchor, difference } = decodeStub(await readFile(join(this.#dir, name)));
        const most = mostCheckpointBytes(stub.spec);
        const content = {
          ...stub.record.content,
          anchor: await this.#read(anchor, most),
          difference: await this.#read(difference, most),
        };
        const files = [anchor, difference].filter((file) => file !== undefined);
        this.#files.set(stub.record.id, files);
        for (const file of [name, ...files]) wanted.add(file);
        stubs.push({ ...stub, record: { ...stub.record, content } });
      } catch (error) {
        unreadable(error instanceof Error ? error.message : String(error));
      }
    }
    for (const name of names) if (!wanted.has(name)) await rm(join(this.#dir, name), { force: true });
    // No name is used again that an earlier process may have used.
    this.#count = Math.max(0, ...[...wanted].map((name) => Number(name.split('.')[1]) || 0));
    return stubs;
  }

  async keep(kept: KeptStub): Promise<void> {
    if (!this.#isMade) await this.#make();
    const { id, content } = kept.record;
    const name = nameOf(id);
    const before = this.#files.get(id) ?? [];
    const anchor = this.#fileFor(id, content.anchor);
    const difference = this.#fileFor(id, content.difference);
    const files = [anchor, difference].filter((file) => file !== undefined);
    const added = files.filter((file) => !file.isThere);
    const packed = await Promise.all(
      added.map(async (file) => ({ name: file.name, bytes: await packCheckpointAside(file.checkpoint) })),
    );
    const stub = encodeStub(kept, { anchor: anchor?.name, difference: difference?.name });
    const written = [...packed, { name: name + UNFINISHED, bytes: stub }];
    try {
      await this.#write(written);
    } catch (error) {
      // A disk that is full is not to stay so.
      await Promise.allSettled(written.map((file) => this.#remove(file.name)));
      throw error;
    }
    await rename(join(this.#dir, name + UNFINISHED), join(this.#dir, name + STUB));
    await syncFolder(this.#dir);
    for (const file of added) this.#names.set(file.checkpoint, file.name);
    const now = files.map((file) => file.name);
    this.#files.set(id, now);
    for (const file of before) if (!now.includes(file)) await this.#remove(file);
  }

  async drop(id: string): Promise<void> {
    const files = this.#files.get(id);
    if (files === undefined) return;
    this.#files.delete(id);
    await this.#remove(nameOf(id) + STUB);
    await syncFolder(this.#dir);
    for (const file of files) await this.#remove(file);
  }

  async #make(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    await syncFolder(dirname(this.#dir));
    this.#isMade = true;
  }

  #fileFor(id: string, checkpoint: Uint8Array | undefined): CheckpointFile | undefined {
    if (checkpoint === undefined) return undefined;
    const known = this.#names.get(checkpoint);
    const isThere = known !== undefined && this.#files.get(id)?.includes(known) === true;
    return { name: isThere ? known : `${nameOf(id)}.${++this.#count}${CHECKPOINT}`, checkpoint, isThere };
  }

  async #read(file: string | undefined, most: Bytes): Promise<Uint8Array | undefined> {
    if (file === undefined) return undefined;
    // Its own word for where a checkpoint is leads nowhere else.
    if (!/^[0-9a-f]+\.[0-9]+\.checkpoint$/.test(file)) throw new Error(`${JSON.stringify(file)} names no checkpoint`);
    const packed = await readFile(join(this.#dir, file));
    const checkpoint = await unpackCheckpointAside(packed, most);
    this.#names.set(checkpoint, file);
    return checkpoint;
  }

  /** Resolves when the disk has all of them, and their names. It is waited for once. */
  async #write(files: readonly { readonly name: string; readonly bytes: Uint8Array }[]): Promise<void> {
    const handles: FileHandle[] = [];
    try {
      for (const { name, bytes } of files) {
        const handle = await open(join(this.#dir, name), 'w', 0o600);
        handles.push(handle);
        await handle.writeFile(bytes);
      }
      await allOver([...handles.map((handle) => handle.sync()), syncFolder(this.#dir)]);
    } finally {
      await allOver(handles.map((handle) => handle.close()));
    }
  }

  #remove(name: string): Promise<void> {
    return rm(join(this.#dir, name), { force: true });
  }
}

/** An id is what the hub says it is, and no file's name. */
function nameOf(id: string): string {
  return createHash('sha256').update(id).digest('hex');
}

/** `Promise.all` that leaves nothing under way where one fails. */
async function allOver(work: readonly Promise<unknown>[]): Promise<void> {
  const ends = await Promise.allSettled(work);
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
