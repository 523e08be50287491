import type { InstalledTask } from '../../runtime/index.js';
import type { Subscription } from '../broker-link.js';
import { REGISTRY_BOUNDS } from './limits.js';
import { capturesOf, keyOf, type Manifest, type Trigger } from '../manifest/index.js';
import { subscriptionsFor } from './subscriptions.js';
import { TopicIndex } from './topic-index.js';

/** A task that is ready to run. */
export interface DeployedTask {
  readonly manifest: Manifest;
  readonly installed: InstalledTask;
  /** What its task.toml says, as text. */
  readonly toml: string;
}

/** A task that an event wakes. */
export interface Match {
  readonly task: DeployedTask;
  /** The first of its triggers, in the order of the manifest, that matches. */
  readonly trigger: Trigger;
  readonly captures: Readonly<Record<string, string>>;
  /** See `OrderingKey`. */
  readonly key: string | undefined;
  /** What its trigger's shaping goes by: the key, or where no order is kept the captures. */
  readonly shapingKey: string;
}

interface Candidate {
  readonly taskIndex: number;
  readonly triggerIndex: number;
  readonly task: DeployedTask;
  readonly trigger: Trigger;
}

/** The deployed tasks, and which of them an event wakes. */
export class Registry {
  readonly #tasks = new Map<string, DeployedTask>();
  #index = new TopicIndex<Candidate>();
  readonly #matches = new Map<string, readonly Match[]>();

  get tasks(): readonly DeployedTask[] {
    return [...this.#tasks.values()];
  }

  has(name: string): boolean {
    return this.#tasks.has(name);
  }

  get(name: string): DeployedTask | undefined {
    return this.#tasks.get(name);
  }

  /** Whether it is this version of the task that events wake. */
  isInForce(task: DeployedTask): boolean {
    return this.#tasks.get(task.manifest.name) === task;
  }

  /** @param task Its name must be new. */
  add(task: DeployedTask): void {
    const taskIndex = this.#tasks.size;
    this.#tasks.set(task.manifest.name, task);
    this.#addTriggers(task, taskIndex);
    this.#matches.clear();
  }

  /** Puts a task in the place of the one with its name. */
  replace(task: DeployedTask): void {
    this.#tasks.set(task.manifest.name, task);
    this.#indexAnew();
  }

  /** From now on, no event wakes that task. */
  remove(name: string): void {
    this.#tasks.delete(name);
    this.#indexAnew();
  }

  /** Tasks change rarely: an index that is made anew keeps nothing of what is gone. */
  #indexAnew(): void {
    this.#index = new TopicIndex();
    for (const [taskIndex, task] of this.tasks.entries()) this.#addTriggers(task, taskIndex);
    this.#matches.clear();
  }

  #addTriggers(task: DeployedTask, taskIndex: number): void {
    for (const [triggerIndex, trigger] of task.manifest.triggers.entries()) {
      this.#index.add(trigger.pattern.filter, { taskIndex, triggerIndex, task, trigger });
    }
  }

  /** The tasks that an event wakes, each once, in the order in which they were added. */
  match(topic: string): readonly Match[] {
    const known = this.#matches.get(topic);
    if (known !== undefined) return known;
    const matches = this.#find(topic);
    if (topic.length <= REGISTRY_BOUNDS.cachedTopicLength) this.#remember(topic, matches);
    return matches;
  }

  /** What to subscribe to for all tasks. */
  subscriptions(): readonly Subscription[] {
    const triggers = this.tasks.flatMap((task) => task.manifest.triggers);
    return subscriptionsFor(triggers.filter(({ timer }) => timer === undefined));
  }

  #find(topic: string): readonly Match[] {
    const candidates = this.#index
      .match(topic)
      .toSorted((a, b) => a.taskIndex - b.taskIndex || a.triggerIndex - b.triggerIndex);
    const matches: Match[] = [];
    let last = -1;
    for (const { taskIndex, task, trigger } of candidates) {
      if (taskIndex === last) continue;
      last = taskIndex;
      matches.push(matchOf(task, trigger, topic));
    }
    return matches;
  }

  #remember(topic: string, matches: readonly Match[]): void {
    if (this.#matches.size >= REGISTRY_BOUNDS.cachedTopics) {
      // The oldest goes: a topic in use comes back with its next event.
      const [oldest] = this.#matches.keys();
      if (oldest !== undefined) this.#matches.delete(oldest);
    }
    this.#matches.set(topic, matches);
  }
}

/** What an event means to a task. @param trigger One that matches the topic. */
export function matchOf(task: DeployedTask, trigger: Trigger, topic: string): Match {
  const captures = capturesOf(trigger.pattern, topic);
  const key = keyOf(task.manifest.schedule.key, topic, captures);
  const shapingKey = key ?? keyOf({ kind: 'captures' }, topic, captures) ?? '';
  return { task, trigger, captures, key, shapingKey };
}
