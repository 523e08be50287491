import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Observation } from '../../hub/observations.js';
import { createHub, type Hub, type HubOptions } from '../../hub/hub.js';
import { createLog } from '../../hub/log.js';
import type { Timer } from '../../hub/timer.js';
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

export interface TestHub {
  readonly hub: Hub;
  readonly link: FakeLink;
  readonly runtime: FakeRuntime;
  readonly seen: Observation[];
  /** Where its tasks and its data are. */
  readonly dir: string;
}

export interface TestHubOptions {
  /** task.toml by folder, version and component apart; the component's bytes are the folder's name. */
  readonly tasks: Readonly<Record<string, string>>;
  readonly behave?: (request: RunRequest) => Behaviour;
  readonly link?: FakeLink;
  readonly timer?: Timer;
  readonly drainMs?: number;
  /** Default: it stands still. */
  readonly clock?: () => number;
  /** Of an earlier hub that is closed. Default: a new one. */
  readonly dir?: string;
  readonly zone?: string;
  readonly recordBytes?: number;
  readonly placement?: NonNullable<HubOptions['placement']>;
}

/** A hub with real parts, between a link and a runtime that do as they are told; it is closed when the test ends. */
export async function testHub(t: Test, options: TestHubOptions): Promise<TestHub> {
  const { link = fakeLink(), timer, drainMs, recordBytes, placement } = options;
  const { clock = () => 5_000, dir = t.testdir({}), zone = 'UTC' } = options;
  mkdirSync(join(dir, 'tasks'), { recursive: true });
  for (const [name, manifest] of Object.entries(options.tasks)) {
    mkdirSync(join(dir, 'tasks', name), { recursive: true });
    writeFileSync(join(dir, 'tasks', name, 'task.toml'), `version = "1.0.0"\ncomponent = "c.wasm"\n${manifest}`);
    writeFileSync(join(dir, 'tasks', name, 'c.wasm'), name);
  }
  const runtime = fakeRuntime(options.behave);
  const seen: Observation[] = [];
  let ids = 0;
  const hub = await createHub({
    taskDirs: [join(dir, 'tasks')],
    dataDir: join(dir, 'data'),
    startRuntime: () => Promise.resolve(runtime),
    connect: (onMessage) => link.connect(onMessage),
    brokerName: 'mqtt://fake',
    clock,
    zone,
    newEventId: () => `e${ids++}`,
    newSeed: () => 7,
    observe: (observation) => seen.push(observation),
    log: createLog('silent'),
    ...(placement === undefined ? {} : { placement }),
    ...(timer === undefined ? {} : { timer }),
    ...(drainMs === undefined ? {} : { drainMs }),
    ...(recordBytes === undefined ? {} : { recordBytes }),
  });
  t.teardown(() => hub.close());
  return { hub, link, runtime, seen, dir };
}

/** A hub with real parts, between a link and a runtime that do as they are told; one task with a manifest of these lines. */
export async function hubUnderTest(
  t: Test,
  lines: string,
  behave?: (request: RunRequest) => Behaviour,
): Promise<HubUnderTest> {
  const texts: string[] = [];
  const timer = virtualTimer();
  const { hub, link, runtime, seen } = await testHub(t, {
    tasks: { task: `name = "task"\n${lines}` },
    ...(behave === undefined ? {} : { behave }),
    timer,
    drainMs: 0,
  });
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
