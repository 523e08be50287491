/** The tasks that were deployed to a running hub, on disk. */
import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Manifest } from '../manifest/index.js';

/** Where what is not complete is; it is on the same disk as the rest. */
const INCOMING = '.incoming';

/** A task that is on disk, but not yet in its place. */
export interface StagedTask {
  /** Puts it in its place, durably: from then on each start of the hub finds it, and no earlier version. */
  keep(): Promise<void>;
  /** Removes it. */
  discard(): Promise<void>;
}

/**
 * `tasks/<name>/<number>/` in the data folder is a task folder like any other;
 * the highest number is the version that counts. It appears there by being
 * renamed, once all in it is on disk: so a kill leaves the old version or the
 * new one, whole. Without a number there is no task.
 */
export class KeptTasks {
  readonly #dir: string;
  /** The number of the version that counts, by name. */
  readonly #numbers = new Map<string, number>();
  #incoming = 0;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  /** Looks at what is there, and removes what a kill has left behind. The data folder must be this hub's alone. */
  static async open(dataDir: string): Promise<KeptTasks> {
    const kept = new KeptTasks(join(dataDir, 'tasks'));
    await kept.#clean();
    return kept;
  }

  /** Task folders, by name. */
  get folders(): readonly string[] {
    return [...this.#numbers].map(([name, number]) => join(this.#dir, name, String(number)));
  }

  has(name: string): boolean {
    return this.#numbers.has(name);
  }

  /** A path for a file that is on its way in: after a kill, the next start removes it. */
  incoming(): string {
    return join(this.#dir, INCOMING, String(this.#incoming++));
  }

  /**
   * Writes a task, and has the disk confirm it.
   * @param component A file at a path of `incoming`, which is moved.
   * @throws Error of the file system, such as when the disk is full; nothing is left behind then.
   */
  async stage(manifest: Manifest, toml: string, component: string): Promise<StagedTask> {
    const staged = this.incoming();
    const discard = (): Promise<void> => rm(staged, { recursive: true, force: true });
    try {
      const file = join(staged, manifest.component);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(join(staged, 'task.toml'), toml, { flush: true });
      await sync(component);
      await rename(component, file);
      for (let dir = dirname(file); dir.length > staged.length; dir = dirname(dir)) await sync(dir);
      await sync(staged);
    } catch (error) {
      await discard();
      throw error;
    }
    return { keep: () => this.#keep(manifest.name, staged), discard };
  }

  /** Forgets a task, durably. */
  async remove(name: string): Promise<void> {
    if (!this.has(name)) return;
    const gone = this.incoming();
    await rename(join(this.#dir, name), gone);
    this.#numbers.delete(name);
    await sync(this.#dir);
    await rm(gone, { recursive: true, force: true });
  }

  async #keep(name: string, staged: string): Promise<void> {
    const before = this.#numbers.get(name);
    const number = (before ?? 0) + 1;
    const folder = join(this.#dir, name);
    await mkdir(folder, { recursive: true });
    await rename(staged, join(folder, String(number)));
    this.#numbers.set(name, number);
    await sync(folder);
    await sync(this.#dir);
    if (before !== undefined) await rm(join(folder, String(before)), { recursive: true, force: true });
  }

  async #clean(): Promise<void> {
    await rm(join(this.#dir, INCOMING), { recursive: true, force: true });
    await mkdir(join(this.#dir, INCOMING), { recursive: true });
    await sync(dirname(this.#dir));
    const folders = (await readdir(this.#dir, { withFileTypes: true })).filter((entry) => entry.isDirectory());
    for (const name of folders.map((entry) => entry.name).toSorted()) {
      if (name === INCOMING) continue;
      const numbers = (await readdir(join(this.#dir, name))).filter((entry) => /^\d{1,15}$/.test(entry)).map(Number);
      const newest = Math.max(0, ...numbers);
      if (newest > 0) this.#numbers.set(name, newest);
      for (const number of numbers)
        if (number < newest) await rm(join(this.#dir, name, String(number)), { recursive: true, force: true });
    }
  }
}

/** Has the disk confirm a file, or what a folder lists. */
async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
