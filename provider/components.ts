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
import { join } from 'node:path';

export interface ComponentStoreOptions {
  readonly dir: string;
  /** What is kept besides what is in use. */
  readonly storeBytes: number;
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
    if (kept !== undefined) kept.users--;
  }

  /** Goes on with an upload, or begins one. @param owner A file name's worth of letters and digits. */
  async upload(owner: string, digest: string, bytes: number): Promise<Upload> {
    const file = join(this.#uploads, `${owner}-${digest}`);
    const handle = await open(file, 'a+', 0o600);
    const { size } = await handle.stat();
    if (size > bytes) await truncate(file, 0);
    return new Upload(this, { file, handle, digest, bytes, received: size > bytes ? 0 : size });
  }

  /** Removes what an owner has begun to upload, besides these. */
  async forgetUploads(owner: string, wanted: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.#uploads)) {
      const [of, digest = ''] = name.split('-');
      if (of === owner && !wanted.has(digest)) await rm(join(this.#uploads, name), { force: true });
    }
  }

  /** Removes uploads that nobody has gone on with for that long. */
  async forgetStaleUploads(olderThanMs: number): Promise<void> {
    for (const name of await readdir(this.#uploads)) {
      const file = join(this.#uploads, name);
      if ((await stat(file)).mtimeMs < olderThanMs) await rm(file, { force: true });
    }
  }

  /** Takes a file whose bytes have the digest. */
  async adopt(file: string, digest: string, bytes: number): Promise<void> {
    await rename(file, this.#fileOf(digest));
    if (!this.has(digest)) this.#kept.set(digest, { bytes, usedAtMs: this.#options.nowMs(), users: 0 });
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

/** One component on its way in. Its calls come one after the other. */
export class Upload {
  readonly #store: ComponentStore;
  readonly #parts: UploadParts;
  #received: number;

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

  async append(piece: Uint8Array): Promise<void> {
    await this.#parts.handle.appendFile(piece);
    this.#received += piece.length;
  }

  /** Looks at a complete file. @returns what is wrong with it; undefined when it is kept now. */
  async finish(): Promise<string | undefined> {
    const { file, handle, digest, bytes } = this.#parts;
    await handle.sync();
    await handle.close();
    const found = (await hashOf(file, new Uint8Array())).toString('hex');
    if (found === digest) {
      await this.#store.adopt(file, digest, bytes);
      return undefined;
    }
    await rm(file, { force: true });
    return `its component has the sha256 ${found} and not ${digest}: it was changed on its way`;
  }

  /** What has come is kept for later. */
  async suspend(): Promise<void> {
    await this.#parts.handle.close().catch(() => undefined);
  }
}

/** sha256 of `first` and then a file. */
async function hashOf(file: string, first: Uint8Array): Promise<Buffer> {
  const hash = createHash('sha256').update(first);
  const pieces: AsyncIterable<Buffer> = createReadStream(file);
  for await (const piece of pieces) hash.update(piece);
  return hash.digest();
}
