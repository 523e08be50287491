/**
 * Component files by digest, shared by all sessions, and uploads that are not
 * complete yet, each its hub's own.
 *
 * A file is in `components/` under its digest only when its bytes were seen to
 * have that digest. What is being uploaded is in `uploads/`, and goes on where
 * it was when the link is cut.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, truncate, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';

export interface ComponentStoreOptions {
  readonly dir: string;
  /** What is kept besides what is in use. */
  readonly storeBytes: number;
  /** What is kept of uploads that are not complete, of all hubs together. */
  readonly uploadBytes: number;
  /** How long that is kept for a hub that does not go on with it. */
  readonly keptUploadMs: number;
  /** Milliseconds since 1970 (UTC): that of files. */
  readonly nowMs: () => number;
}

interface Kept {
  readonly bytes: number;
  usedAtMs: number;
  users: number;
}

export class ComponentStore {
  readonly #files: string;
  readonly #uploads: string;
  readonly #options: ComponentStoreOptions;
  readonly #kept = new Map<string, Kept>();
  /** Uploads that go on now, by file. */
  readonly #open = new Map<string, Upload>();
  #opening: Promise<unknown> = Promise.resolve();

  private constructor(options: ComponentStoreOptions) {
    this.#options = options;
    this.#files = join(options.dir, 'components');
    this.#uploads = join(options.dir, 'uploads');
  }

  static async open(options: ComponentStoreOptions): Promise<ComponentStore> {
    const store = new ComponentStore(options);
    await mkdir(store.#files, { recursive: true });
    await mkdir(store.#uploads, { recursive: true });
    for (const name of await readdir(store.#files)) {
      if (!/^[0-9a-f]{64}$/.test(name)) continue;
      const { size, mtimeMs } = await stat(join(store.#files, name));
      store.#kept.set(name, { bytes: size, usedAtMs: mtimeMs, users: 0 });
    }
    return store;
  }

  has(digest: string): boolean {
    return this.#kept.has(digest);
  }

  /** Bytes of a component; undefined when it is not here. */
  sizeOf(digest: string): number | undefined {
    return this.#kept.get(digest)?.bytes;
  }

  /** sha256 of `nonce` and the component, or undefined when it is not here. */
  async proofOf(digest: string, nonce: Uint8Array): Promise<Uint8Array | undefined> {
    if (!this.has(digest)) return undefined;
    return hashOf(this.#fileOf(digest), nonce);
  }

  read(digest: string): Promise<Uint8Array> {
    return readFile(this.#fileOf(digest));
  }

  /** It is not removed until `release`. */
  use(digest: string): void {
    const kept = this.#kept.get(digest);
    if (kept === undefined) throw new Error(`Cannot use the component ${digest} as it is not here`);
    kept.users++;
    kept.usedAtMs = this.#options.nowMs();
  }

  release(digest: string): void {
    const kept = this.#kept.get(digest);
    if (kept !== undefined && kept.users > 0) kept.users--;
  }

  /** A file that was found to be another is nobody's: it is asked for again. */
  async discard(digest: string): Promise<void> {
    this.#kept.delete(digest);
    await rm(this.#fileOf(digest), { force: true });
  }

  /**
   * Goes on with an upload, or begins one. Whoever went on with it until now is let end what is under way, and then has
   * no more say: two that write to one file would make another one of it.
   * @param owner A file name's worth of letters and digits.
   */
  upload(owner: string, digest: string, bytes: number): Promise<Upload> {
    const opened = this.#opening.then(() => this.#openUpload(`${owner}-${digest}`, digest, bytes));
    this.#opening = opened.catch(() => undefined);
    return opened;
  }

  /** Lets end what is under way of an owner's uploads. It may have come just before its link was cut. */
  async settle(owner: string): Promise<void> {
    for (const [file, upload] of this.#open) if (basename(file).startsWith(`${owner}-`)) await upload.suspend();
  }

  /** An upload is over, or stands still. */
  ended(file: string): void {
    this.#open.delete(file);
  }

  async #openUpload(name: string, digest: string, bytes: number): Promise<Upload> {
    const file = join(this.#uploads, name);
    await this.#open.get(file)?.suspend();
    await this.forgetStaleUploads();
    const handle = await open(file, 'a+', 0o600);
    const { size } = await handle.stat();
    if (size > bytes) await truncate(file, 0);
    const upload = new Upload(this, { file, handle, digest, bytes, received: size > bytes ? 0 : size });
    this.#open.set(file, upload);
    return upload;
  }

  /** Removes what an owner has begun to upload, besides these. */
  async forgetUploads(owner: string, wanted: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.#uploads)) {
      const [of, digest = ''] = name.split('-');
      if (of === owner && !wanted.has(digest)) await rm(join(this.#uploads, name), { force: true });
    }
  }

  /** Removes what owners have begun to upload that are not to come back. */
  async forgetOwners(isGone: (owner: string) => boolean): Promise<void> {
    for (const name of await readdir(this.#uploads)) {
      const [owner = ''] = name.split('-');
      if (isGone(owner)) await rm(join(this.#uploads, name), { force: true });
    }
  }

  /** Removes uploads that nobody has gone on with for too long, and those of longest ago while there is too much. */
  async forgetStaleUploads(): Promise<void> {
    const { nowMs, keptUploadMs, uploadBytes } = this.#options;
    const found = [];
    for (const name of await readdir(this.#uploads)) {
      const file = join(this.#uploads, name);
      const { size, mtimeMs } = await stat(file);
      if (!this.#open.has(file)) found.push({ file, size, mtimeMs });
    }
    let bytes = found.reduce((sum, { size }) => sum + size, 0);
    for (const { file, size, mtimeMs } of found.toSorted((a, b) => a.mtimeMs - b.mtimeMs)) {
      if (nowMs() - mtimeMs < keptUploadMs && bytes <= uploadBytes) return;
      bytes -= size;
      await rm(file, { force: true });
    }
  }

  /** Takes a file whose bytes have the digest. It is in use from then on, so that it does not go before it is needed. */
  async adopt(file: string, digest: string, bytes: number): Promise<void> {
    await rename(file, this.#fileOf(digest));
    if (!this.has(digest)) this.#kept.set(digest, { bytes, usedAtMs: this.#options.nowMs(), users: 0 });
    this.use(digest);
    await this.#makeRoom();
  }

  #fileOf(digest: string): string {
    return join(this.#files, digest);
  }

  /** What nobody uses and was used longest ago goes first. */
  async #makeRoom(): Promise<void> {
    let bytes = 0;
    for (const kept of this.#kept.values()) bytes += kept.bytes;
    const unused = [...this.#kept].filter(([, { users }]) => users === 0);
    for (const [digest, kept] of unused.toSorted(([, a], [, b]) => a.usedAtMs - b.usedAtMs)) {
      if (bytes <= this.#options.storeBytes) return;
      // While another was removed, somebody may have begun to use it.
      if (kept.users > 0) continue;
      bytes -= kept.bytes;
      this.#kept.delete(digest);
      await rm(this.#fileOf(digest), { force: true });
    }
  }
}

interface UploadParts {
  readonly file: string;
  readonly handle: FileHandle;
  readonly digest: string;
  readonly bytes: number;
  readonly received: number;
}

/** One component on its way in. Its calls are done one after the other, until it is finished or stands still. */
export class Upload {
  readonly #store: ComponentStore;
  readonly #parts: UploadParts;
  #received: number;
  #isOver = false;
  #work: Promise<unknown> = Promise.resolve();

  constructor(store: ComponentStore, parts: UploadParts) {
    this.#store = store;
    this.#parts = parts;
    this.#received = parts.received;
  }

  get received(): number {
    return this.#received;
  }

  get isComplete(): boolean {
    return this.#received === this.#parts.bytes;
  }

  /** Whether a piece is the next one. */
  fits(offset: number, length: number): boolean {
    return offset === this.#received && length > 0 && offset + length <= this.#parts.bytes;
  }

  /** @throws Error when it is over, or cannot be written. */
  append(piece: Uint8Array): Promise<void> {
    return this.#then(async () => {
      await this.#parts.handle.appendFile(piece);
      this.#received += piece.length;
    });
  }

  /** Looks at a complete file. @returns what is wrong with it; undefined when it is kept now, until it is released. */
  finish(): Promise<string | undefined> {
    return this.#then(async () => {
      const { file, handle, digest, bytes } = this.#parts;
      this.#isOver = true;
      try {
        await handle.sync();
        await handle.close();
        const found = (await hashOf(file, new Uint8Array())).toString('hex');
        if (found === digest) {
          await this.#store.adopt(file, digest, bytes);
          return undefined;
        }
        await rm(file, { force: true });
        return `its component has the sha256 ${found} and not ${digest}: it was changed on its way`;
      } finally {
        this.#store.ended(file);
        await handle.close();
      }
    });
  }

  /** What has come is kept for later. Idempotent. */
  async suspend(): Promise<void> {
    await this.#then(async () => {
      this.#isOver = true;
      this.#store.ended(this.#parts.file);
      await this.#parts.handle.close();
    }).catch(() => undefined);
  }

  #then<Result>(action: () => Promise<Result>): Promise<Result> {
    const done = this.#work.then(() => {
      if (this.#isOver) throw new Error('Cannot go on with an upload that was given up');
      return action();
    });
    this.#work = done.catch(() => undefined);
    return done;
  }
}

/** sha256 of `first` and then a file. */
async function hashOf(file: string, first: Uint8Array): Promise<Buffer> {
  const hash = createHash('sha256').update(first);
  const pieces: AsyncIterable<Buffer> = createReadStream(file);
  for await (const piece of pieces) hash.update(piece);
  return hash.digest();
}
