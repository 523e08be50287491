import type { Test } from 'tap';
import { SCHEDULE_BOUNDS } from '../../hub/schedules/limits.js';
import type { Timer } from '../../hub/timer.js';
import type { RunRequest } from '../../runtime/index.js';
import type { Behaviour } from './fake-runtime.js';
import { testHub, turns, type TestHub } from './hub-under-test.js';
import { virtualTimer } from './virtual-timer.js';

/** 2026-11-22, a Sunday, at midnight UTC. */
export const MIDNIGHT = Date.UTC(2026, 10, 22);
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** A machine whose time passes when told to, whose clock can be set, and hubs on it, one after the other. */
export interface Machine {
  /** The machine's clock. */
  readonly nowMs: () => number;
  /** Lets time pass: 30 s at most in one go, so that what looks at the clock gets to. */
  readonly pass: (ms: number) => Promise<void>;
  /** Lets time pass, and nothing else happen afterwards. */
  readonly jump: (ms: number) => void;
  readonly set: (toMs: number) => void;
  readonly start: (t: Test, options: StartOptions) => Promise<TimedHub>;
}

interface StartOptions {
  /** The triggers of its task, and what follows. */
  readonly task: string;
  readonly dir?: string;
  readonly behave?: ((request: RunRequest) => Behaviour) | undefined;
}

export interface TimedHub extends TestHub {
  readonly dir: string;
  /** Ids of the events that its runs were begun for. */
  readonly fired: () => string[];
  /** When those events were scheduled. */
  readonly scheduled: () => number[];
}

export function machine(startMs = MIDNIGHT): Machine {
  const timer = virtualTimer();
  let aheadMs = startMs - timer.nowMs();
  const nowMs = (): number => timer.nowMs() + aheadMs;
  return {
    nowMs,
    pass: async (ms) => {
      for (let left = ms; left > 0; left -= SCHEDULE_BOUNDS.clockLookMs) {
        timer.pass(Math.min(left, SCHEDULE_BOUNDS.clockLookMs));
        await turns();
      }
    },
    jump: (ms) => timer.pass(ms),
    set: (toMs) => void (aheadMs = toMs - timer.nowMs()),
    start: async (t, { task, dir = t.testdir({}), behave }) => {
      // With each process it begins anew.
      const beganMs = timer.nowMs() - 5;
      const monotonic: Timer = {
        nowMs: () => timer.nowMs() - beganMs,
        after: (ms, then) => timer.after(ms, then),
      };
      const tasks = { task: `name = "task"\n${task}` };
      const started = await testHub(t, {
        tasks,
        dir,
        timer: monotonic,
        clock: nowMs,
        drainMs: 0,
        ...(behave && { behave }),
      });
      await turns();
      const fired = (): string[] => started.runtime.started.map(({ event }) => event.id);
      return { ...started, dir, fired, scheduled: () => fired().map(momentOf) };
    },
  };
}

function momentOf(id: string): number {
  return Number(/-(\d+)(?:\.\d+)?$/.exec(id)?.[1]);
}
