import type { Logger } from '../log.js';
import type { Timer } from '../timer.js';
import { PLACEMENT_BOUNDS } from './limits.js';

export interface ToldWaitsParts {
  readonly timer: Timer;
  readonly log: Pick<Logger, 'warn'>;
  /** Why runs of a task wait as no provider takes them; undefined when none does. */
  readonly reasonOf: (task: string) => string | undefined;
}

/**
 * Says in the log that runs wait as no provider takes them: once for each task, until one does. Sessions are not there
 * at once when a hub starts, so that a while passes first.
 */
export class ToldWaits {
  readonly #parts: ToldWaitsParts;
  /** What takes the word back that is to be said. */
  readonly #cancels = new Map<string, () => void>();

  constructor(parts: ToldWaitsParts) {
    this.#parts = parts;
  }

  /** Runs of the task wait, and no provider takes them. */
  waits(task: string): void {
    if (this.#cancels.has(task)) return;
    const { timer } = this.#parts;
    this.#cancels.set(
      task,
      timer.after(PLACEMENT_BOUNDS.tellWaitMs, () => this.#tell(task)),
    );
  }

  /** A provider takes the task. */
  taken(task: string): void {
    this.#cancels.get(task)?.();
    this.#cancels.delete(task);
  }

  close(): void {
    for (const cancel of this.#cancels.values()) cancel();
  }

  #tell(task: string): void {
    const { log, reasonOf } = this.#parts;
    const reason = reasonOf(task);
    if (reason === undefined) this.taken(task);
    else log.warn({ task, reason }, 'runs wait, as no provider takes them');
  }
}
