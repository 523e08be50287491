import { readFile } from 'node:fs/promises';
import type { InstalledTask, Runtime } from '../../runtime/index.js';
import { withinMs } from '../deadline.js';
import { install, taskLoaded } from './deploy.js';
import type { Observer } from '../observations.js';
import { DEPLOYMENT_BOUNDS } from './limits.js';
import type { Lanes } from '../intake/index.js';
import { formatProblem, parseManifest, type Manifest } from '../manifest/index.js';
import type { DeployedTask, Registry } from '../registry/index.js';
import type { KeptTasks, StagedTask } from './kept-tasks.js';
import type { TaskChanges } from './task-changes.js';
import type { Topics } from './topics.js';

export interface DeploymentsParts {
  readonly registry: Registry;
  readonly lanes: Pick<Lanes, 'left'>;
  readonly changes: TaskChanges;
  readonly kept: KeptTasks;
  readonly topics: Topics;
  readonly runtime: Pick<Runtime, 'install'>;
  /** Removes all that is in a bucket. @returns how many keys it had. */
  readonly purge: (bucket: string) => Promise<number>;
  /** See `DeployParts`. */
  readonly keep: (installed: InstalledTask, component: Uint8Array) => Promise<void>;
  /** What the hub's application says otherwise than these tasks, in sentences: with it, the hub would not start. */
  readonly contradictions: (tasks: readonly Manifest[]) => readonly string[];
  readonly observe: Observer;
}

/** A task that somebody wants to deploy. */
export interface NewTask {
  /** What its task.toml says, as text. */
  readonly toml: string;
  /** Its component: a file at a path of `KeptTasks.incoming`, which is moved when the task is deployed. */
  readonly component: string;
}

export type DeployResult =
  | {
      readonly kind: 'deployed';
      readonly task: string;
      readonly version: string;
      readonly digest: string;
      /** The version in whose place it is, if there was one. */
      readonly replaced?: string;
      /** Events that waited for that one: those that wait for this one now, and those it has no trigger for. */
      readonly moved: number;
      readonly dropped: number;
      readonly warnings: readonly string[];
    }
  /** Nothing has changed. At least one problem. */
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

export type RemoveResult =
  | { readonly kind: 'no-task' }
  | {
      readonly kind: 'removed';
      /** Events that waited for it. */
      readonly dropped: number;
      /** Keys that were removed with its own bucket; absent when that was not asked for, or not done. */
      readonly purgedKeys?: number;
      readonly warnings: readonly string[];
    };

/** Deploys and removes tasks while the hub runs: one after another, each wholly or not at all. */
export class Deployments {
  readonly #parts: DeploymentsParts;
  /** The last one that was asked for. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(parts: DeploymentsParts) {
    this.#parts = parts;
  }

  /** Where to put a component that is to be deployed. */
  incoming(): string {
    return this.#parts.kept.incoming();
  }

  /**
   * Deploys a task, in the place of the one with its name. When it resolves with `deployed` the task is in force, and
   * every later start of the hub has it.
   * @throws Error when it cannot be written to disk; nothing has changed then.
   */
  deploy(task: NewTask): Promise<DeployResult> {
    return this.#inTurn(() => this.#deploy(task));
  }

  /**
   * Removes a task. What waits for it is dropped, and runs that have begun end as they would have.
   * @param purge Whether its own bucket is emptied as well, when its last run is over. That of a task which is gone can be.
   */
  remove(name: string, { purge }: { readonly purge: boolean }): Promise<RemoveResult> {
    return this.#inTurn(() => this.#remove(name, purge));
  }

  /** Finishes what it is at, and does nothing more. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(() => {
      if (this.#closed) throw new Error('the hub is stopping');
      return work();
    });
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #deploy({ toml, component }: NewTask): Promise<DeployResult> {
    const { registry, runtime, changes, kept } = this.#parts;
    const parsed = parseManifest(toml, 'task.toml');
    if (!parsed.ok) return { kind: 'refused', problems: parsed.problems.map(formatProblem) };
    const { manifest } = parsed;
    if (!registry.has(manifest.name) && registry.tasks.length >= DEPLOYMENT_BOUNDS.tasks)
      return refused(`a hub must have at most ${DEPLOYMENT_BOUNDS.tasks} tasks: remove one first`);
    const others = registry.tasks.map((task) => task.manifest).filter(({ name }) => name !== manifest.name);
    const problems = this.#parts.contradictions([...others, manifest]);
    if (problems.length > 0) return { kind: 'refused', problems };
    const bytes = await readFile(component);
    const installed = await install(runtime, bytes, manifest);
    if (typeof installed === 'string') return refused(installed);
    await this.#parts.keep(installed, bytes);
    changes.reserve(installed.key);
    try {
      const staged = await kept.stage(manifest, toml, component);
      return await this.#putInForce({ manifest, installed, toml }, staged, bytes.length);
    } finally {
      changes.letGo(installed.key);
    }
  }

  /** In force first, so that nothing the broker sends for its topics finds no task; then for good. */
  async #putInForce(task: DeployedTask, staged: StagedTask, bytes: number): Promise<DeployResult> {
    const { registry, changes, topics, observe } = this.#parts;
    const { name, version } = task.manifest;
    const before = registry.get(name);
    const { moved, dropped } = changes.put(task);
    try {
      const granted = await topics.widen(registry.subscriptions());
      if (typeof granted === 'object') {
        await this.#takeBack(task, before, staged);
        return refused(granted.refused);
      }
      await staged.keep();
      observe(taskLoaded(task, bytes));
      await topics.narrow(registry.subscriptions());
      const warnings =
        granted === 'later' ? ['the broker has not granted its topics yet: its events come when it has'] : [];
      const replaced = before === undefined ? {} : { replaced: before.manifest.version };
      return {
        kind: 'deployed',
        task: name,
        version,
        digest: task.installed.digest,
        ...replaced,
        moved,
        dropped,
        warnings,
      };
    } catch (error) {
      await this.#takeBack(task, before, staged);
      throw error;
    }
  }

  async #takeBack(task: DeployedTask, before: DeployedTask | undefined, staged: StagedTask): Promise<void> {
    const { registry, changes, topics } = this.#parts;
    if (before === undefined) changes.remove(task);
    else changes.put(before);
    await topics.widen(registry.subscriptions());
    await topics.narrow(registry.subscriptions());
    await staged.discard();
  }

  async #remove(name: string, purge: boolean): Promise<RemoveResult> {
    const { registry, kept, changes, topics } = this.#parts;
    const task = registry.get(name);
    if (task === undefined && !purge) return { kind: 'no-task' };
    const warnings: string[] = [];
    let dropped = 0;
    if (task !== undefined) {
      if (!kept.has(name))
        warnings.push('it is in a folder of --tasks: the next start has it again, unless it is taken out');
      await kept.remove(name);
      ({ dropped } = changes.remove(task));
      await topics.widen(registry.subscriptions());
      await topics.narrow(registry.subscriptions());
    }
    if (!purge) return { kind: 'removed', dropped, warnings };
    const purgedKeys = await this.#purge(name);
    if (purgedKeys !== undefined) return { kind: 'removed', dropped, purgedKeys, warnings };
    return {
      kind: 'removed',
      dropped,
      warnings: [...warnings, 'its state is still there, as runs of it go on: ask again'],
    };
  }

  /** @returns undefined when runs go on that may write to it. */
  async #purge(name: string): Promise<number | undefined> {
    const { lanes, purge } = this.#parts;
    if (!(await withinMs(DEPLOYMENT_BOUNDS.lastRunsMs, lanes.left(name)))) return undefined;
    return purge(`task/${name}/default`);
  }
}

function refused(problem: string): DeployResult {
  return { kind: 'refused', problems: [problem] };
}
