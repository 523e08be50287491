/** A hub with tasks that fail as they are told, whose time passes when it is told to. */
import type { Test } from 'tap';
import type { Observation } from '../../hub/observations.js';
import type { Outcome, RunRequest } from '../../runtime/index.js';
import type { Behaviour } from './fake-runtime.js';
import { testHub, turns, type TestHub } from './hub-under-test.js';
import { virtualTimer } from './virtual-timer.js';

export interface FailingHub extends TestHub {
  /** Delivers an event with a text as its payload, and waits until nothing more happens by itself. */
  readonly send: (topic: string, text: string, qos?: 0 | 1) => Promise<void>;
  /** Lets time pass, on both clocks, and everything happen that it brings. */
  readonly pass: (ms: number) => Promise<void>;
  readonly ofKind: <K extends Observation['kind']>(kind: K) => Extract<Observation, { kind: K }>[];
  /** "payload attempt" of all executions so far. */
  readonly tried: () => string[];
  readonly clock: () => number;
}

export interface FailingOptions {
  readonly tasks: Readonly<Record<string, string>>;
  /** Default: what a payload that is an outcome says, completed for any other. */
  readonly behave?: (request: RunRequest) => Behaviour;
  /** As an earlier hub left it. */
  readonly before?: { readonly dir: string; readonly atMs: number };
}

export const textOf = ({ event }: RunRequest): string => Buffer.from(event.payload).toString();

const FAILURES: Readonly<Record<string, Outcome>> = {
  failed: { kind: 'failed', message: 'no' },
  trapped: { kind: 'trapped', reason: 'unreachable', message: 'abort' },
  'out-of-fuel': { kind: 'out-of-fuel' },
  'out-of-memory': { kind: 'out-of-memory' },
  deadline: { kind: 'deadline' },
  'output-limit': { kind: 'output-limit', message: 'too much' },
  denied: { kind: 'denied', message: 'not yours' },
  cancelled: { kind: 'cancelled' },
};

/** What the first word of the payload says. */
export function asSaid(request: RunRequest): Behaviour {
  const [word = ''] = textOf(request).split(' ');
  const outcome = FAILURES[word];
  return outcome === undefined ? {} : { outcome };
}

export async function failingHub(t: Test, options: FailingOptions): Promise<FailingHub> {
  const timer = virtualTimer();
  const beginMs = timer.nowMs();
  const startMs = options.before?.atMs ?? 5_000;
  const clock = (): number => startMs + timer.nowMs() - beginMs;
  const made = await testHub(t, {
    tasks: options.tasks,
    behave: options.behave ?? asSaid,
    timer,
    clock,
    // Longer than a test may take: no hub waits for what is to be tried again.
    drainMs: 60_000,
    ...(options.before === undefined ? {} : { dir: options.before.dir }),
  });
  return {
    ...made,
    clock,
    send: async (topic, text, qos = 1) => {
      made.link.deliver(topic, { payload: Buffer.from(text), qos });
      await turns();
    },
    pass: async (ms) => {
      timer.pass(ms);
      await turns();
    },
    ofKind: (kind) => made.seen.filter((one): one is Extract<Observation, { kind: typeof kind }> => one.kind === kind),
    tried: () => made.runtime.started.map((request) => `${textOf(request)} ${request.attempt}`),
  };
}
