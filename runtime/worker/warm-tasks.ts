/**
 * What a thread keeps between runs: prepared components, and instances that are
 * ready for the next event, within one bound on bytes.
 */
import { RUNTIME_BOUNDS } from '../limits.js';
import type { Bytes } from '../task.js';
import { CostCache, type Kept } from './cost-cache.js';
import type { Instance } from './instance.js';
import { Loaded } from './loaded.js';

/** Compiled code and what describes it, for each byte of a module as it came: measured, of code that ran a little. */
const CODE_FACTOR = 3;
/** A component without its code: modules, names, the plan of its links. */
const LOADED_BYTES: Bytes = 32 * 1024;
/** An instance without its memories: the engine's objects, and lowered functions. */
const INSTANCE_BYTES: Bytes = 48 * 1024;

export class WarmTasks {
  readonly #cacheDir: string;
  readonly #tasks = new Map<string, WarmTask>();
  readonly #cache: CostCache<Loaded | Instance>;

  /** @param cacheDir where prepared components are. */
  constructor(cacheDir: string, bytes: Bytes = RUNTIME_BOUNDS.warmBytes) {
    this.#cacheDir = cacheDir;
    this.#cache = new CostCache(bytes);
  }

  /** What all of it comes to, by the measure of the bound. */
  get bytes(): Bytes {
    return this.#cache.bytes;
  }

  /** What is kept of a task; its component is loaded if need be. @throws Error when its files are missing or damaged. */
  task(key: string): WarmTask {
    const known = this.#tasks.get(key);
    if (known !== undefined) {
      known.use();
      return known;
    }
    const from = performance.now();
    const loaded = new Loaded(key, this.#cacheDir);
    const task = new WarmTask(loaded, performance.now() - from, this.#cache, () => this.#tasks.delete(key));
    this.#tasks.set(key, task);
    return task;
  }

  /** Lets go of a task, unless it has instances. */
  release(key: string): void {
    const task = this.#tasks.get(key);
    if (task?.hasInstances === false) this.forget(key);
  }

  /** Lets go of a task, whatever there is of it. */
  forget(key: string): void {
    this.#tasks.get(key)?.forget();
    this.#tasks.delete(key);
  }
}

/** One task's component and its instances. */
export class WarmTask {
  readonly loaded: Loaded;
  /** What loading the component took. */
  readonly loadMs: number;
  readonly #cache: CostCache<Loaded | Instance>;
  readonly #component: Kept<Loaded | Instance>;
  /** Its component was let go of: nothing finds it any more. */
  #gone = false;
  /** By the ordering key that they belong to, in the order of their last use; undefined for the one that is fresh for each event. */
  readonly #instances = new Map<string | undefined, Kept<Loaded | Instance>>();

  constructor(loaded: Loaded, loadMs: number, cache: CostCache<Loaded | Instance>, evicted: () => void) {
    this.loaded = loaded;
    this.loadMs = loadMs;
    this.#cache = cache;
    const bytes = LOADED_BYTES + loaded.codeBytes * CODE_FACTOR;
    this.#component = cache.add(loaded, { bytes, makeMs: loadMs }, () => {
      this.forget();
      evicted();
    });
  }

  get hasInstances(): boolean {
    return this.#instances.size > 0;
  }

  /** Nothing of it is kept any more: its instances hold its code. */
  forget(): void {
    this.#gone = true;
    this.#cache.remove(this.#component);
    for (const key of this.#instances.keys()) this.drop(key);
  }

  use(): void {
    this.#cache.use(this.#component);
  }

  /** An instance that was kept. */
  instance(key: string | undefined): Instance | undefined {
    const kept = this.#instances.get(key);
    return kept && (this.#cache.use(kept) as Instance);
  }

  /** Keeps an instance for the next event. */
  keep(key: string | undefined, instance: Instance): void {
    if (this.#gone) return;
    const before = this.#instances.get(key);
    const bytes = INSTANCE_BYTES + instance.memoryBytes;
    // The usual case, at each event: it was there, and is as large as it was.
    if (before?.value === instance && before.cost.bytes === bytes && key === undefined) return;
    this.drop(key);
    const cost = { bytes, makeMs: this.loaded.renewal.makeMs };
    const kept = this.#cache.add(instance, cost, () => this.#instances.delete(key), this.#component);
    this.#instances.set(key, kept);
    if (this.#instances.size <= RUNTIME_BOUNDS.keptKeys) return;
    const [oldest] = this.#instances.keys();
    this.drop(oldest);
  }

  drop(key: string | undefined): void {
    const kept = this.#instances.get(key);
    if (kept === undefined) return;
    this.#instances.delete(key);
    this.#cache.remove(kept);
  }
}
