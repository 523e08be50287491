/**
 * Components by digest, as long as a run of theirs may be executed again. A file says by its name whether the task is
 * deployed; the age of one that is not counts from when that was first seen.
 */
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

const DEPLOYED = /^([0-9a-f]{64})\.wasm$/;
const RETIRED = /^([0-9a-f]{64})\.retired\.wasm$/;

export interface KeptComponentsOptions {
  readonly dir: string;
  /** How long one is kept that is no longer deployed: as long as records of its runs are. */
  readonly ageMs: number;
  /** Of those together. Beyond, the one goes that was retired first. */
  readonly bytes: number;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
}

export class KeptComponents {
  readonly #options: KeptComponentsOptions;

  constructor(options: KeptComponentsOptions) {
    this.#options = options;
  }

  /** Keeps a component that is deployed. */
  async keep(digest: string, component: Uint8Array): Promise<void> {
    const file = this.#file(digest);
    await mkdir(this.#options.dir, { recursive: true });
    await rm(this.#retiredFile(digest), { force: true });
    if (await exists(file)) return;
    const unfinished = `${file}.new`;
    const handle = await open(unfinished, 'w');
    try {
      await handle.writeFile(component);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
  }

  /** The component of this digest, or undefined when it is not kept (any more). */
  async find(digest: string): Promise<Uint8Array | undefined> {
    if (!/^[0-9a-f]{64}$/.test(digest)) return undefined;
    return (await contentsOf(this.#file(digest))) ?? contentsOf(this.#retiredFile(digest));
  }

  /** Retires all but these, and removes what was retired too long ago. */
  async retireAllBut(deployed: ReadonlySet<string>): Promise<void> {
    const { dir, clock, ageMs, bytes } = this.#options;
    const nowMs = clock();
    const retired: { readonly file: string; readonly sinceMs: number; readonly bytes: number }[] = [];
    for (const name of await namesIn(dir)) {
      const file = join(dir, name);
      const digest = DEPLOYED.exec(name)?.[1];
      if (digest !== undefined && deployed.has(digest)) continue;
      if (digest !== undefined) {
        await rename(file, this.#retiredFile(digest));
        await utimes(this.#retiredFile(digest), nowMs / 1000, nowMs / 1000);
      } else if (!RETIRED.test(name)) {
        await rm(file, { force: true }); // a write that was cut short
        continue;
      }
      const path = digest === undefined ? file : this.#retiredFile(digest);
      const { mtimeMs, size } = await stat(path);
      retired.push({ file: path, sinceMs: mtimeMs, bytes: size });
    }
    let kept = 0;
    for (const one of retired.toSorted((a, b) => b.sinceMs - a.sinceMs)) {
      kept += one.bytes;
      if (kept > bytes || nowMs - one.sinceMs > ageMs) await rm(one.file, { force: true });
    }
  }

  #file(digest: string): string {
    return join(this.#options.dir, `${digest}.wasm`);
  }

  #retiredFile(digest: string): string {
    return join(this.#options.dir, `${digest}.retired.wasm`);
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

async function contentsOf(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
