/**
 * Stubs on disk, each hub's in a folder of its own: a file for the stub, and
 * one for each of its checkpoints. Files are written under another name,
 * synced and renamed, the checkpoints before the stub that names them. So a
 * stub that is there is whole, whenever the provider is killed.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mostCheckpointBytes, packCheckpointAside, unpackCheckpointAside, type Bytes } from '../../runtime/index.js';
import { decodeStub, encodeStub } from './stub-codec.js';
import type { KeptStub, Stubs } from './stubs.js';

const STUB = '.stub';
const CHECKPOINT = '.checkpoint';

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
    if (!this.#isMade) await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    this.#isMade = true;
    const { id, content } = kept.record;
    const name = nameOf(id);
    const before = this.#files.get(id) ?? [];
    const anchor = await this.#write(name, content.anchor);
    const difference = await this.#write(name, content.difference);
    const files = [anchor, difference].filter((file) => file !== undefined);
    // Their names are there before the stub that has them.
    if (files.some((file) => !before.includes(file))) await sync(this.#dir);
    await this.#place(name + STUB, encodeStub(kept, { anchor, difference }));
    await sync(this.#dir);
    this.#files.set(id, files);
    for (const file of before) if (!files.includes(file)) await this.#remove(file);
  }

  async drop(id: string): Promise<void> {
    const files = this.#files.get(id);
    if (files === undefined) return;
    this.#files.delete(id);
    await this.#remove(nameOf(id) + STUB);
    await sync(this.#dir);
    for (const file of files) await this.#remove(file);
  }

  async #write(run: string, checkpoint: Uint8Array | undefined): Promise<string | undefined> {
    if (checkpoint === undefined) return undefined;
    const known = this.#names.get(checkpoint);
    if (known !== undefined) return known;
    const file = `${run}.${++this.#count}${CHECKPOINT}`;
    await this.#place(file, await packCheckpointAside(checkpoint));
    this.#names.set(checkpoint, file);
    return file;
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

  async #place(name: string, bytes: Uint8Array): Promise<void> {
    const file = join(this.#dir, name);
    const handle = await open(`${file}.new`, 'w', 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(`${file}.new`, file);
  }

  #remove(name: string): Promise<void> {
    return rm(join(this.#dir, name), { force: true });
  }
}

/** An id is what the hub says it is, and no file's name. */
function nameOf(id: string): string {
  return createHash('sha256').update(id).digest('hex');
}

async function sync(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
