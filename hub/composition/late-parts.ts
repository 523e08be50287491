import type { TaskChanges } from '../deployments/index.js';
import type { Drained, Executor } from '../execution/index.js';
import type { Dispatch, Intake } from '../intake/index.js';
import type { Migrations } from '../migration/index.js';
import type { ThreadLooks } from '../parking/index.js';
import type { PendingRun } from '../pending-run.js';
import type { Schedules } from '../schedules/index.js';

/** Parts that others call which are made before them. */
interface Late {
  readonly dispatch: Pick<Dispatch, 'drop' | 'ended' | 'isOver'>;
  readonly intake: Pick<Intake, 'roomMade'>;
  readonly schedules: Pick<Schedules, 'roomMade'>;
  readonly executor: Pick<Executor, 'cancel' | 'endParked' | 'giveUp' | 'start'>;
  readonly drained: Pick<Drained, 'check'>;
  readonly looks: Pick<ThreadLooks, 'areHeld' | 'haveRoom'>;
  readonly migrations: Pick<Migrations, 'awayIn'>;
  readonly changes: Pick<TaskChanges, 'check'>;
}

/**
 * Where parts that need each other meet: events begin runs, and runs that end make room for events. Those made first reach
 * the others through this. It is bound once, when all are made and before anything happens.
 */
export class LateParts {
  #parts: Late | undefined;

  bind(parts: Late): void {
    this.#parts = parts;
  }

  get parts(): Late {
    if (this.#parts === undefined) throw new Error('Cannot call a part of the hub before all are made');
    return this.#parts;
  }

  /** There may be room for what could not be taken. */
  roomMade(): void {
    const { intake, schedules, drained } = this.parts;
    intake.roomMade();
    schedules.roomMade();
    drained.check();
  }

  /** These runs are over, or some have left without an end: then there are none. */
  runsEnded(runs: readonly PendingRun[]): void {
    this.parts.dispatch.ended(runs);
    this.parts.changes.check();
    this.roomMade();
  }
}
