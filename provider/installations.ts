import type { InstalledTask, Runtime } from '../runtime/index.js';
import type { ComponentStore } from './components.js';
import type { PreparedFolder } from './prepared-folder.js';
import type { TaskSpec } from './protocol/index.js';

/** What a session holds of the runtime, until it gives it back. */
export interface Installation {
  readonly installed: InstalledTask;
  release(): void;
}

/** What of a task decides which code it has in the runtime. */
export type Installable = Pick<TaskSpec, 'digest' | 'limits' | 'resumable'>;

interface Shared {
  readonly installed: Promise<InstalledTask>;
  users: number;
}

/**
 * Components in the runtime: one that several tasks or sessions use with the
 * same memory limit and the same points of execution is there once. Nothing of
 * one run is seen by another, whoever's they are: memory is fresh for each.
 */
export class Installations {
  readonly #runtime: Pick<Runtime, 'install' | 'uninstall'>;
  readonly #components: ComponentStore;
  readonly #prepared: Pick<PreparedFolder, 'during' | 'release'>;
  readonly #shared = new Map<string, Shared>();

  constructor(
    runtime: Pick<Runtime, 'install' | 'uninstall'>,
    components: ComponentStore,
    prepared: Pick<PreparedFolder, 'during' | 'release'>,
  ) {
    this.#runtime = runtime;
    this.#components = components;
    this.#prepared = prepared;
  }

  /** @throws RuntimeError when the component cannot be run here, in the runtime's words. */
  async install(task: Installable): Promise<Installation> {
    const { digest } = task;
    const name = Installations.nameOf(task);
    let shared = this.#shared.get(name);
    const isOwn = shared === undefined;
    if (shared === undefined) {
      this.#components.use(digest);
      shared = { installed: this.#load(task), users: 0 };
      this.#shared.set(name, shared);
    }
    shared.users++;
    const release = once(() => this.#release(name, digest));
    try {
      return { installed: await shared.installed, release };
    } catch (error) {
      release();
      // Start functions run under the limits of whoever came first.
      if (isOwn) throw error;
      return this.install(task);
    }
  }

  /** Names the code that tasks have in the runtime: those of one name share it. */
  static nameOf({ digest, limits, resumable }: Installable): string {
    return `${digest}/${limits.memoryBytes}/${resumable ?? ''}`;
  }

  /** The file of a component does not go before the answer is called, wherever it is installed. */
  hold(digest: string): () => void {
    // What is not here is missed when it is to be installed.
    if (!this.#components.has(digest)) return () => undefined;
    this.#components.use(digest);
    return once(() => this.#components.release(digest));
  }

  /** What is on disk is believed no further than its digest: others rely on it, too. */
  async #load({ digest, limits, resumable }: Installable): Promise<InstalledTask> {
    const installed = await this.#prepared.during(async () =>
      this.#runtime.install(await this.#components.read(digest), limits, { resumable }),
    );
    if (installed.digest === digest) return installed;
    this.#uninstall(installed);
    await this.#components.discard(digest);
    throw new Error(`its component was changed on disk: it has the sha256 ${installed.digest} and not ${digest}`);
  }

  #release(name: string, digest: string): void {
    const shared = this.#shared.get(name);
    if (shared === undefined || --shared.users > 0) return;
    this.#shared.delete(name);
    this.#components.release(digest);
    shared.installed.then(
      (installed) => this.#uninstall(installed),
      () => undefined,
    );
  }

  #uninstall({ key }: InstalledTask): void {
    this.#runtime.uninstall(key);
    this.#prepared.release(key);
  }
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}
