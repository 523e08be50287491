import { INTAKE_BOUNDS } from './limits.js';
import type { Logger } from '../log.js';
import type { Shaping } from '../manifest/index.js';
import type { DeployedTask } from '../registry/index.js';
import { keptOf, memoryOf, type Shapers } from '../shaping/index.js';
import type { Store, StoredShaping } from '../store/index.js';
import type { Timer } from '../timer.js';

export interface ShapingMemoryParts {
  readonly shapers: Pick<Shapers<never>, 'memoryOf' | 'offered' | 'restore'>;
  readonly store: Pick<Store, 'keepShaping' | 'paused' | 'shaping'>;
  readonly tasks: () => readonly DeployedTask[];
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  readonly timer: Timer;
  readonly log: Logger;
}

/** A trigger that is shaped. */
interface Shaped {
  readonly task: string;
  readonly filter: string;
  readonly rules: string;
  readonly shaping: Shaping;
}

/**
 * Keeps what shaping remembers over a restart: all of it when the hub stops,
 * and every now and then what is true even if more comes, for a hub that is killed.
 * Nothing is lost without it: at worst, a run comes that need not have.
 */
export class ShapingMemory {
  readonly #parts: ShapingMemoryParts;
  /** How much each trigger had been offered when it was last kept. */
  readonly #kept = new WeakMap<Shaping, number>();
  #cancel: (() => void) | undefined;
  /** The store could not be told that what it has is not all any more. */
  #saysComplete = false;

  constructor(parts: ShapingMemoryParts) {
    this.#parts = parts;
  }

  /**
   * Remembers what an earlier hub did, for triggers whose rules are what they
   * were. To be called after its unfinished runs have come back, and before
   * anything new comes: those went through their shaping once, and would
   * find themselves there.
   */
  start(): void {
    const { shapers, store, clock, timer } = this.#parts;
    const { memories, isComplete } = store.shaping();
    const kept = new Map(memories.map((memory) => [nameOf(memory), memory]));
    // From here on something may come: first it is noted that this is not all any more.
    this.#saysComplete = isComplete && !this.#write([], false);
    const now = { nowMs: timer.nowMs(), wallMs: clock(), isComplete: isComplete && !this.#saysComplete };
    for (const one of this.#shaped()) {
      const memory = kept.get(nameOf(one));
      if (memory?.rules === one.rules) shapers.restore(one.shaping, memoryOf(memory, one.shaping, now));
    }
    this.#keepSoon();
  }

  /** Nothing is shaped any more. @param isComplete Whether every event that came is over. */
  keepAll(isComplete: boolean): void {
    this.close();
    const all = this.#shaped().map((one) => this.#memoryOf(one));
    if (all.length > 0) this.#write(all, isComplete);
  }

  /** Keeps nothing from now on. */
  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #keepSoon(): void {
    this.#cancel = this.#parts.timer.after(INTAKE_BOUNDS.keepShapingMs, () => {
      this.#keep();
      this.#keepSoon();
    });
  }

  #keep(): void {
    const { shapers, store } = this.#parts;
    if (store.paused !== undefined) return;
    // Of the others nothing would be true if more came.
    const lasting = this.#shaped().filter(({ shaping: { dedupe, throttle } }) => (dedupe ?? throttle) !== undefined);
    const changed = lasting.filter(({ shaping }) => (this.#kept.get(shaping) ?? 0) !== shapers.offered(shaping));
    if (changed.length === 0 && !this.#saysComplete) return;
    const memories = changed.map((one) => this.#memoryOf(one));
    if (!this.#write(memories, false)) return;
    this.#saysComplete = false;
    for (const { shaping } of changed) this.#kept.set(shaping, shapers.offered(shaping));
  }

  /** Whether it could be written. */
  #write(memories: readonly StoredShaping[], isComplete: boolean): boolean {
    try {
      this.#parts.store.keepShaping(memories, isComplete);
      return true;
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'what shaping remembers could not be kept');
      return false;
    }
  }

  #memoryOf({ task, filter, rules, shaping }: Shaped): StoredShaping {
    const { shapers, timer, clock } = this.#parts;
    const { keys, seen } = keptOf(shapers.memoryOf(shaping), { nowMs: timer.nowMs(), wallMs: clock() });
    return { task, filter, rules, keys, seen };
  }

  #shaped(): readonly Shaped[] {
    return this.#parts.tasks().flatMap(({ manifest: { name: task, schedule, triggers } }) =>
      triggers.flatMap(({ pattern: { filter }, shaping }) => {
        if (shaping === undefined) return [];
        // What its keys are is a rule, too.
        return [{ task, filter, rules: JSON.stringify([shaping, schedule.key]), shaping }];
      }),
    );
  }
}

function nameOf({ task, filter }: Pick<Shaped, 'task' | 'filter'>): string {
  return `${task} ${filter}`;
}
