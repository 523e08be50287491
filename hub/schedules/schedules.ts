import type { Counts } from '../counts.js';
import type { Observer } from '../observations.js';
import type { Intake } from '../intake/index.js';
import type { Journal } from '../journal/index.js';
import { SCHEDULE_BOUNDS } from './limits.js';
import type { Logger } from '../log.js';
import type { CatchUp, Moments, TimerRule, Trigger } from '../manifest/index.js';
import type { DeployedTask } from '../registry/index.js';
import type { StoredSchedule } from '../store/index.js';
import type { Timer } from '../timer.js';
import { dueOf, type Missed } from './catch-up.js';
import { reachedAt, type Looks } from './clock-step.js';
import { momentsOf, ruleOf } from './moments.js';
import { localTime, scheduledPayload } from './scheduled-payload.js';

export interface SchedulesParts {
  readonly intake: Pick<Intake, 'fire' | 'hasRoomFor'>;
  readonly journal: Pick<Journal, 'advance'>;
  /** The machine's, in milliseconds since 1970 (UTC): it may be set. */
  readonly clock: () => number;
  readonly timer: Timer;
  /** The machine's time zone. */
  readonly zone: string;
  readonly counts: Counts;
  readonly observe: Observer;
  readonly log: Logger;
}

/** A timer of a task, for people. */
export interface TimerStatus {
  readonly name: string;
  /** What its events have as their topic. */
  readonly topic: string;
  readonly cron?: string;
  /** Of `cron`: the one that it goes by. */
  readonly zone?: string;
  readonly everyMs?: number;
  readonly catchUp: CatchUp;
  /** When the last firing that happened was scheduled. */
  readonly lastMs: number | undefined;
  /** When the next one is; undefined when none will come. */
  readonly nextMs: number | undefined;
  /** The same, on the clock of its zone: "2026-11-22T07:00:00+01:00". */
  readonly next: string | undefined;
}

interface Schedule {
  readonly topic: string;
  readonly rule: TimerRule;
  readonly moments: Moments;
  state: StoredSchedule;
  /** The first moment that is not dealt with; Infinity when there is none. */
  nextMs: number;
}

/**
 * Fires the timers of the tasks.
 *
 * A firing is an event with an id of its own, `timer-<task>-<timer>-<moment>`,
 * which goes into the inbox in one transaction with the fact that the timer
 * has come so far: however the hub ends, it is there once or not at all. One
 * for which there is no room stays due.
 *
 * Time is the machine's clock, which may be set and goes on while the machine
 * sleeps: nothing tells of that, so it is looked at every now and then.
 */
export class Schedules {
  readonly #parts: SchedulesParts;
  /** What an earlier hub left, by task and timer, until it is known whether it goes on. */
  readonly #stored: Map<string, StoredSchedule>;
  readonly #schedules = new Map<string, Schedule>();
  #cancelAlarm: (() => void) | undefined;
  #isBlocked = false;
  /** What the clock said when it was looked at last. */
  #lookedMs: number | undefined;
  #stopped = false;

  /** @param stored What an earlier hub left. */
  constructor(parts: SchedulesParts, stored: readonly StoredSchedule[]) {
    this.#parts = parts;
    this.#stored = new Map(stored.map((one) => [nameOf(one), one]));
  }

  /**
   * The timers are those of these tasks from now on. One whose rule is what it
   * was goes on where it was; one with another rule begins anew, with its
   * first moment from now on; one that is gone is forgotten.
   */
  update(tasks: readonly DeployedTask[]): void {
    const before = new Map([
      ...this.#stored,
      ...[...this.#schedules].map(([name, { state }]) => [name, state] as const),
    ]);
    this.#stored.clear();
    this.#schedules.clear();
    for (const task of tasks) {
      for (const trigger of task.manifest.triggers) this.#add(task.manifest.name, trigger, before);
    }
    for (const [name, { task, timer }] of before) {
      if (!this.#schedules.has(name)) this.#parts.journal.advance({ task, timer, schedule: undefined });
    }
    this.#look();
  }

  /** The timers of a task. */
  of(task: string): readonly TimerStatus[] {
    return [...this.#schedules.values()].filter(({ state }) => state.task === task).map((one) => this.#statusOf(one));
  }

  /** Fires what there was no room for. */
  roomMade(): void {
    if (this.#isBlocked) this.#look();
  }

  /** Fires nothing from now on. */
  stop(): void {
    this.#stopped = true;
    this.#cancelAlarm?.();
    this.#cancelAlarm = undefined;
  }

  #add(task: string, { timer: rule, pattern }: Trigger, before: ReadonlyMap<string, StoredSchedule>): void {
    if (rule === undefined) return;
    const { zone, clock, journal } = this.#parts;
    const name = nameOf({ task, timer: rule.name });
    const text = ruleOf(rule.when, zone);
    const known = before.get(name);
    const moments = momentsOf(rule.when, zone);
    const goesOn = known?.rule === text;
    const state = goesOn
      ? known
      : {
          task,
          timer: rule.name,
          rule: text,
          // Where the clock has been with the other rule, it has been.
          dealtMs: Math.max(clock(), known?.dealtMs ?? 0),
          firedMs: undefined,
          turn: known?.turn ?? 0,
          furthestMs: known?.furthestMs,
        };
    // Also before it has fired: what is missed is counted from here on.
    if (!goesOn) journal.advance({ task, timer: rule.name, schedule: state });
    this.#schedules.set(name, { topic: pattern.filter, rule, moments, state, nextMs: nextOf(moments, state) });
  }

  /** Fires what is due. */
  #look(): void {
    if (this.#stopped) return;
    this.#isBlocked = false;
    const nowMs = this.#parts.clock();
    const looks = { nowMs, beforeMs: this.#lookedMs };
    this.#lookedMs = nowMs;
    for (const schedule of this.#schedules.values()) {
      this.#followClock(schedule, looks);
      if (schedule.nextMs <= nowMs) this.#fireDue(schedule, nowMs);
    }
    this.#setAlarm();
  }

  #fireDue(schedule: Schedule, nowMs: number): void {
    const { intake } = this.#parts;
    const { moments, rule, topic } = schedule;
    // Before what is due is looked for, which may take a while: this is asked whenever a run has ended.
    if (!intake.hasRoomFor(topic)) {
      this.#isBlocked = true;
      return;
    }
    const { fire, missed } = dueOf(moments, rule.catchUp, { dealtMs: schedule.state.dealtMs, nowMs });
    if (missed !== undefined) this.#miss(schedule, missed, fire.length);
    for (const atMs of fire) {
      const { task, timer, turn } = schedule.state;
      const after = { ...schedule.state, dealtMs: atMs, firedMs: atMs };
      const { payload } = rule;
      const event = {
        id: `timer-${task}-${timer}-${atMs}${turn === 0 ? '' : `.${turn}`}`,
        topic,
        payload: payload === undefined ? scheduledPayload(atMs, rule.when, this.#parts.zone) : Buffer.from(payload),
      };
      if (!intake.fire(event, { task, timer, schedule: after })) {
        this.#isBlocked = true;
        return;
      }
      schedule.state = after;
      schedule.nextMs = nextOf(moments, after);
    }
  }

  #miss(schedule: Schedule, { count, orMore, lastMs }: Missed, caughtUp: number): void {
    const { task, timer } = schedule.state;
    this.#advance(schedule, { ...schedule.state, dealtMs: lastMs });
    this.#parts.counts.missedFirings += count;
    this.#parts.observe({ kind: 'firings-missed', task, timer, count, orMore, lastMs, caughtUp });
  }

  #followClock(schedule: Schedule, looks: Looks): void {
    const before = schedule.state;
    const after = reachedAt(schedule.rule.when, before, looks);
    if (after === before) return;
    if (after.turn !== before.turn) {
      const { task, timer, dealtMs } = before;
      const setBackMs = dealtMs - looks.nowMs;
      this.#parts.log.warn({ task, timer, setBackMs }, 'the clock was set back: a timer goes by it from now on');
    }
    this.#advance(schedule, after);
  }

  #advance(schedule: Schedule, state: StoredSchedule): void {
    const { task, timer } = state;
    schedule.state = state;
    schedule.nextMs = nextOf(schedule.moments, state);
    this.#parts.journal.advance({ task, timer, schedule: state });
  }

  #setAlarm(): void {
    this.#cancelAlarm?.();
    this.#cancelAlarm = undefined;
    if (this.#schedules.size === 0 || this.#stopped) return;
    const { clock, timer } = this.#parts;
    // What is blocked is looked at when there is room, or with the others.
    const nowMs = clock();
    let wait: number = SCHEDULE_BOUNDS.clockLookMs;
    for (const { nextMs } of this.#schedules.values()) if (nextMs > nowMs) wait = Math.min(wait, nextMs - nowMs);
    this.#cancelAlarm = timer.after(Math.ceil(wait), () => this.#look());
  }

  #statusOf({ topic, rule, state, nextMs: next }: Schedule): TimerStatus {
    const { name, when, catchUp } = rule;
    const zone = when.kind === 'cron' ? (when.zone ?? this.#parts.zone) : 'UTC';
    const what = when.kind === 'cron' ? { cron: when.line, zone } : { everyMs: when.everyMs };
    const nextMs = next === Infinity ? undefined : next;
    const nextText = nextMs === undefined ? undefined : localTime(nextMs, zone);
    return { name, topic, ...what, catchUp, lastMs: state.firedMs, nextMs, next: nextText };
  }
}

function nextOf(moments: Moments, { dealtMs }: StoredSchedule): number {
  return moments.next(dealtMs) ?? Infinity;
}

/** Neither name has a "/". */
function nameOf({ task, timer }: Pick<StoredSchedule, 'task' | 'timer'>): string {
  return `${task}/${timer}`;
}
