import type { Connection, Row, Statement } from './sqlite.js';
import type { ScheduleChange, StoredSchedule } from './store.js';

/** How far the timers of all tasks have come. Writes are within the caller's transaction. */
export class ScheduleTable {
  readonly #select: Statement;
  readonly #upsert: Statement;
  readonly #remove: Statement;

  constructor(connection: Connection) {
    this.#select = connection.prepare('SELECT * FROM schedules');
    this.#upsert = connection.prepare('INSERT OR REPLACE INTO schedules VALUES (?, ?, ?, ?, ?, ?, ?)');
    this.#remove = connection.prepare('DELETE FROM schedules WHERE task = ? AND timer = ?');
  }

  load(): readonly StoredSchedule[] {
    return this.#select.all().map(scheduleOf);
  }

  write(changes: readonly ScheduleChange[]): void {
    for (const { task, timer, schedule } of changes) {
      if (schedule === undefined) this.#remove.run(task, timer);
      else {
        const { rule, dealtMs, firedMs = null, turn, furthestMs = null } = schedule;
        this.#upsert.run(task, timer, rule, dealtMs, firedMs, turn, furthestMs);
      }
    }
  }
}

function scheduleOf(row: Row): StoredSchedule {
  return {
    task: String(row['task']),
    timer: String(row['timer']),
    rule: String(row['rule']),
    dealtMs: Number(row['dealt_ms']),
    firedMs: momentOf(row['fired_ms']),
    turn: Number(row['turn']),
    furthestMs: momentOf(row['furthest_ms']),
  };
}

function momentOf(value: Row[string]): number | undefined {
  return value === null ? undefined : Number(value);
}
