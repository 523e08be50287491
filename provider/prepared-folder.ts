import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bytes, InstalledTask } from '../runtime/index.js';
import { PROVIDER_BOUNDS } from './policy.js';

export interface PreparedFolderOptions {
  /** Where the runtime keeps what it has prepared: a folder for each key. */
  readonly dir: string;
  /** What is kept besides what is in use. */
  readonly mostBytes: Bytes;
  /** Milliseconds since 1970 (UTC): that of files. */
  readonly nowMs: () => number;
}

interface Prepared {
  readonly bytes: Bytes;
  usedAtMs: number;
  users: number;
}

/**
 * Components as the runtime has prepared them, for all hubs. It keeps each for the next time, and anew for each limit of
 * memory that a hub asks for: what nobody uses, and was used longest ago, goes where there is too much.
 */
export class PreparedFolder {
  readonly #options: PreparedFolderOptions;
  readonly #prepared = new Map<string, Prepared>();
  /** Installations that are under way: what they have found stays, until they use it. */
  #underWay = 0;
  #tidying: Promise<void> | undefined;
  /** Told when no installation is under way. */
  #idle: () => void = () => undefined;

  private constructor(options: PreparedFolderOptions) {
    this.#options = options;
  }

  static async open(options: PreparedFolderOptions): Promise<PreparedFolder> {
    const folder = new PreparedFolder(options);
    await mkdir(options.dir, { recursive: true });
    await folder.#measure();
    await folder.#tidied();
    return folder;
  }

  /** Installs what is in use from then on, until it is released. @throws as `install` does. */
  async during(install: () => Promise<InstalledTask>): Promise<InstalledTask> {
    while (this.#tidying !== undefined || this.#isTooMuch) await this.#tidied();
    this.#underWay++;
    let installed: InstalledTask | undefined;
    try {
      installed = await install();
      return installed;
    } finally {
      // What cannot be installed may have been prepared all the same.
      await this.#measure().catch(() => undefined);
      if (installed !== undefined) await this.#use(installed.key);
      this.#underWay--;
      if (this.#underWay === 0) this.#idle();
      if (this.#isTooMuch) void this.#tidied();
    }
  }

  release(key: string): void {
    const prepared = this.#prepared.get(key);
    if (prepared !== undefined) prepared.users--;
  }

  get #isTooMuch(): boolean {
    return this.#bytes > this.#options.mostBytes && this.#unused.length > 0;
  }

  get #bytes(): Bytes {
    let sum = 0;
    for (const { bytes } of this.#prepared.values()) sum += bytes;
    return sum;
  }

  /** Those of longest ago first. */
  get #unused(): readonly string[] {
    const unused = [...this.#prepared].filter(([, { users }]) => users === 0);
    return unused.toSorted(([, a], [, b]) => a.usedAtMs - b.usedAtMs).map(([key]) => key);
  }

  /** Resolves when what is too much has gone. Nothing is installed meanwhile. */
  #tidied(): Promise<void> {
    this.#tidying ??= this.#tidy().finally(() => (this.#tidying = undefined));
    return this.#tidying;
  }

  async #tidy(): Promise<void> {
    if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    for (const key of this.#unused) {
      if (this.#bytes <= this.#options.mostBytes) return;
      this.#prepared.delete(key);
      // What cannot be removed is measured again.
      await rm(join(this.#options.dir, key), { recursive: true, force: true }).catch(() => undefined);
    }
  }

  async #use(key: string): Promise<void> {
    const { dir, nowMs } = this.#options;
    const prepared = this.#prepared.get(key);
    if (prepared === undefined) return;
    prepared.users++;
    prepared.usedAtMs = nowMs();
    // For the next start.
    await utimes(join(dir, key), nowMs() / 1_000, nowMs() / 1_000).catch(() => undefined);
  }

  /** Looks for what is not known yet, and removes what a kill has left. */
  async #measure(): Promise<void> {
    const { dir, nowMs } = this.#options;
    for (const name of await readdir(dir)) {
      if (this.#prepared.has(name)) continue;
      const path = join(dir, name);
      // It may have gone since.
      const { mtimeMs = nowMs() } = (await stat(path).catch(() => undefined)) ?? {};
      if (!name.startsWith('.')) {
        this.#prepared.set(name, { bytes: await bytesIn(path), usedAtMs: mtimeMs, users: 0 });
      } else if (nowMs() - mtimeMs > PROVIDER_BOUNDS.unfinishedMs) await rm(path, { recursive: true, force: true });
    }
  }
}

async function bytesIn(folder: string): Promise<Bytes> {
  let sum = 0;
  for (const name of await readdir(folder).catch(() => [])) {
    sum += (await stat(join(folder, name)).catch(() => undefined))?.size ?? 0;
  }
  return sum;
}
