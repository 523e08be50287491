import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Observation } from '../../hub/events.js';
import { createHub, type Hub } from '../../hub/hub.js';
import { createLog } from '../../hub/log.js';
import type { QoS, RunRequest } from '../../runtime/index.js';
import { fakeLink, type FakeLink } from './fake-link.js';
import { fakeRuntime, type Behaviour, type FakeRuntime } from './fake-runtime.js';
import { virtualTimer, type VirtualTimer } from './virtual-timer.js';

export interface HubUnderTest {
  readonly hub: Hub;
  readonly link: FakeLink;
  readonly runtime: FakeRuntime;
  readonly timer: VirtualTimer;
  readonly seen: Observation[];
  /** Delivers an event with a text as its payload. */
  readonly send: (topic: string, text?: string, qos?: QoS) => void;
  /** Answers a run that is under way. */
  readonly answer: (text: string, behaviour?: Behaviour) => void;
  /** Payloads of the runs that are under way, in the order in which they were started. */
  readonly running: () => string[];
  /** Payloads of all runs so far, in the order in which they were started. */
  readonly started: () => string[];
  /** "payload reason" of the events that were dropped or refused, where `payload` is known. */
  readonly dropped: () => string[];
}

/** A hub with real parts, between a link and a runtime that do as they are told; one task with a manifest of these lines. */
export async function hubUnderTest(
  t: Test,
  lines: string,
  behave?: (request: RunRequest) => Behaviour,
): Promise<HubUnderTest> {
  const dir = t.testdir({});
  const folder = join(dir, 'tasks', 'task');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'task.toml'), `name = "task"\nversion = "1.0.0"\ncomponent = "c.wasm"\n${lines}`);
  writeFileSync(join(folder, 'c.wasm'), 'task');
  const link = fakeLink();
  const runtime = fakeRuntime(behave);
  const timer = virtualTimer();
  const seen: Observation[] = [];
  const texts: string[] = [];
  let ids = 0;
  const hub = await createHub({
    taskDirs: [join(dir, 'tasks')],
    dataDir: join(dir, 'data'),
    startRuntime: () => Promise.resolve(runtime),
    connect: (onMessage) => link.connect(onMessage),
    brokerName: 'mqtt://fake',
    clock: () => 5_000,
    timer,
    newEventId: () => `e${ids++}`,
    newSeed: () => 7,
    observe: (observation) => seen.push(observation),
    log: createLog('silent'),
    drainMs: 0,
  });
  t.teardown(() => hub.close());
  const textOf = ({ event }: RunRequest): string => Buffer.from(event.payload).toString();
  return {
    hub,
    link,
    runtime,
    timer,
    seen,
    send: (topic, text = '', qos = 1) => {
      texts.push(text);
      link.deliver(topic, { payload: Buffer.from(text), qos });
    },
    answer: (text, behaviour) => {
      const request = runtime.pending.find((one) => textOf(one) === text);
      if (request === undefined) throw new Error(`"${text}" is not running`);
      runtime.answer(behaviour, request);
    },
    running: () => runtime.pending.map(textOf),
    started: () => runtime.started.map(textOf),
    dropped: () =>
      seen.flatMap((one) => {
        if (one.kind === 'event-refused') return [one.reason];
        if (one.kind !== 'event-dropped') return [];
        // Each event that was taken got the next number: while none is held, that is its place.
        return [`${texts[Number(one.eventId.slice(1))]} ${one.reason}`];
      }),
  };
}

/** Lets everything happen that needs no more than the event loop. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}
