import type { TaskSpec } from '../../provider/protocol/index.js';
import type { Manifest } from '../manifest/index.js';
import type { DeployedTask } from '../registry/index.js';
import type { App } from './app.js';
import { planTasks, remoteConfiguration, type Conditions, type PlannedTask } from './remote-configuration.js';

export interface PlacedTasksParts {
  readonly app: App;
  readonly conditions: Conditions;
  /** Told what providers are to execute, and of which earlier versions they have runs, whenever that may have changed. */
  readonly configure: (tasks: readonly TaskSpec[], earlierAt: (provider: string) => readonly Manifest[]) => void;
}

/** What is known of a task that is deployed. */
export interface Placed {
  readonly task: DeployedTask;
  readonly planned: PlannedTask;
}

/** The tasks that are deployed, and what is planned for them under the conditions of now. */
export class PlacedTasks {
  readonly #parts: PlacedTasksParts;
  #placed: ReadonlyMap<string, Placed> = new Map();
  #tasks: readonly DeployedTask[] = [];
  #learnt: ReadonlyMap<string, string> = new Map();
  /** Versions of which runs that moved are at a provider, by its name. */
  readonly #held = new Map<string, readonly DeployedTask[]>();
  #conditions: Conditions;
  /** Of components, by digest. */
  readonly #sizes = new Map<string, number>();

  constructor(parts: PlacedTasksParts) {
    this.#parts = parts;
    this.#conditions = parts.conditions;
  }

  /** What the hub is under. */
  get conditions(): Conditions {
    return this.#conditions;
  }

  /** How much more work here counts. */
  get weight(): number {
    return this.#parts.app.weightUnder(this.#conditions);
  }

  get planned(): readonly PlannedTask[] {
    return [...this.#placed.values()].map(({ planned }) => planned);
  }

  of(task: string): Placed | undefined {
    return this.#placed.get(task);
  }

  isRemoteOnly(task: string): boolean {
    return this.#placed.get(task)?.planned.policy === 'remote-only';
  }

  /** A component is here, and has so many bytes. */
  installed(digest: string, bytes: number): void {
    this.#sizes.set(digest, bytes);
  }

  /** All of them, whenever they change. @param learnt See `LearntBuckets`. */
  deployed(tasks: readonly DeployedTask[], learnt: ReadonlyMap<string, string>): void {
    this.#tasks = tasks;
    this.#learnt = learnt;
    this.#configure();
  }

  /** The versions of which a provider has runs, or may have. */
  hold(provider: string, versions: readonly DeployedTask[]): void {
    this.#held.set(provider, versions);
    this.#configure();
  }

  /** Whether runs of a version that is not in force may go on at the providers that have them: it could be there now. */
  mayGoOn(task: DeployedTask): boolean {
    const others = this.#tasks.filter(({ manifest }) => manifest.name !== task.manifest.name);
    const planned = planTasks([...others, task], this.#parts.app, this.#conditions, this.#learnt).at(-1);
    return planned?.isRemote === true && ![...this.#placed.values()].some((placed) => placed.task === task);
  }

  adapt(conditions: Conditions): void {
    this.#conditions = conditions;
    this.#configure();
  }

  #configure(): void {
    const { app, configure } = this.#parts;
    const planned = planTasks(this.#tasks, app, this.#conditions, this.#learnt);
    const placed = new Map<string, Placed>();
    for (const [i, task] of this.#tasks.entries()) {
      const plan = planned[i];
      if (plan !== undefined) placed.set(task.manifest.name, { task, planned: plan });
    }
    this.#placed = placed;
    const specs = remoteConfiguration(this.#tasks, planned, (digest) => this.#sizes.get(digest));
    configure(specs, (provider) => this.#earlierAt(provider));
  }

  #earlierAt(provider: string): readonly Manifest[] {
    const held = this.#held.get(provider) ?? [];
    return held.filter((task) => this.mayGoOn(task)).map(({ manifest }) => manifest);
  }
}
