/** A hub and a provider in one process, so that one clock sees both: real stores and stubs on disk, a real session over loopback. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHub, type Hub } from '../../hub/hub.js';
import { createLog } from '../../hub/log.js';
import { KnownHubs } from '../../provider/identity/known-hubs.js';
import { DEFAULT_POLICY } from '../../provider/policy.js';
import { newSigningKey } from '../../provider/protocol/index.js';
import { createProvider } from '../../provider/provider.js';
import { listen } from '../../provider/websocket-server.js';
import { createRuntime, glanceAt, type RunHandle, type Runtime, type RuntimeOptions } from '../../runtime/index.js';
import { fakeLink, type FakeLink } from '../hub/fake-link.js';
import { placementBy } from '../hub/placement/placement-under-test.js';
import { until } from '../runtime/eventually.js';
import { taskComponent } from '../runtime/wat-component.js';
import { countingConnect, type Wire } from './counted-link.js';

const PROVIDER = 'shed';
const TASK = 'dirty';

/** Pages of 4 KiB that are written to all the time: 1 MiB. */
const DIRTY_PAGES = 256;
/** How often a page is written to, for each byte of the payload. */
const TURNS_PER_BYTE = 10_000;
/** A page after the other, so that all are dirty between any two points. */
const DIRTYING: Parameters<typeof taskComponent>[0] = {
  memory: 32,
  imports: '(import "sterna:task/checkpoint@0.1.0" "offer" (func $offer (param f64)))',
  fields: `(func $mix (param $at i32) (param $end i32) (param $x i32)
      (loop $next
        (i32.store (local.get $at)
          (i32.add (i32.mul (i32.load (local.get $at)) (i32.const 31)) (i32.xor (local.get $x) (local.get $at))))
        (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (local.get $end)))))
    (func $work (param $turns i32) (local $page i32)
      (loop $next
        (local.set $page
          (i32.add (i32.const 65536) (i32.mul (i32.rem_u (local.get $turns) (i32.const ${DIRTY_PAGES})) (i32.const 4096))))
        (call $mix (local.get $page) (i32.add (local.get $page) (i32.const 4096)) (local.get $turns))
        (call $offer (f64.const 0))
        (br_if $next (local.tee $turns (i32.sub (local.get $turns) (i32.const 1))))))`,
  // The length of the message's body is its fourth parameter.
  body: `(call $work (i32.mul (local.get 3) (i32.const ${TURNS_PER_BYTE})))`,
};

/** What a side did with a run: when it was told to go on with it, when to stand, and the points that it came to. */
export interface Stretch {
  readonly checkpoint: Uint8Array;
  readonly task: string;
  readonly resumedAtMs: number;
  askedToStandAtMs: number | undefined;
  readonly points: { readonly atMs: number; readonly fuel: number; readonly bytes: number; readonly whole: boolean }[];
}

/** A runtime, and all stretches that were executed on it. */
export interface Watched {
  runtime: Runtime;
  readonly stretches: Stretch[];
}

export interface MovingScene {
  readonly hub: Hub;
  readonly here: Watched;
  readonly there: Watched;
  /** Bytes of messages so far, both ways. */
  readonly wireBytes: number;
  readonly leaseMs: number;
  roundTripMs(): number;
  /** Ends the connection, at once seen by both, until `restore`. */
  cut(): void;
  restore(): void;
  /** Has a run begin that takes a hundredth of a second or so for each byte. @returns its id. */
  begin(bytes: number): Promise<string>;
  /** Has the run execute there or here. Resolves when it does. */
  move(run: string, to: 'hub' | 'provider'): Promise<void>;
  ended(run: string): Promise<void>;
  close(): Promise<void>;
}

export async function movingScene(times: {
  readonly heartbeatMs: number;
  readonly leaseMs: number;
}): Promise<MovingScene> {
  const dir = await mkdtemp(join(tmpdir(), 'sterna-moving-'));
  await deployDirtying(join(dir, 'tasks', TASK));
  const [here, there] = [watched(), watched()];
  const { key, hubs } = { key: newSigningKey(), hubs: await KnownHubs.open(join(dir, 'provider')) };
  const provider = await createProvider({
    dataDir: join(dir, 'provider'),
    threads: 1,
    startRuntime: there.start,
    key,
    hubs,
    name: PROVIDER,
    policy: DEFAULT_POLICY,
    stubs: 'disk',
    observe: () => undefined,
    clock: Date.now,
    nowMs: () => performance.now(),
    times: { helloMs: 5_000, ...times },
  });
  const listener = await listen({ host: '127.0.0.1', port: 0, tls: undefined, connections: 8 }, provider);
  const secret = randomBytes(32);
  await hubs.invitations.add(secret, { fromMs: Date.now(), untilMs: Date.now() + 3_600_000 });
  const token = { url: `ws://127.0.0.1:${listener.port}`, key: key.publicKey, certificate: undefined, secret };
  const wire: Wire = { out: 0, back: 0 };
  const connect = countingConnect(wire);
  let cut = (): void => undefined;
  let isAway = false;
  const placement = placementBy('[placement]\ndefault = "prefer-local"\nchecked = 0\n', {
    connect: async (to, events) => {
      if (isAway) throw new Error('the bench has cut it');
      const link = await connect(to, events);
      cut = () => {
        link.cut();
        events.closed('the bench has cut it');
      };
      return link;
    },
    providers: [{ name: PROVIDER, token }],
  });
  const events = fakeLink();
  let ids = 0;
  const ended = new Set<string>();
  const hub = await createHub({
    taskDirs: [join(dir, 'tasks')],
    dataDir: join(dir, 'hub'),
    threads: 1,
    startRuntime: here.start,
    placement,
    connect: (onMessage) => events.connect(onMessage),
    brokerName: 'mqtt://none',
    clock: Date.now,
    newEventId: () => `e${ids++}`,
    newSeed: () => 7,
    observe: (seen) => {
      if (seen.kind === 'run-finished') ended.add(seen.runId);
    },
    log: createLog('silent'),
    drainMs: 0,
  });
  return {
    hub,
    here,
    there,
    get wireBytes() {
      return wire.out + wire.back;
    },
    leaseMs: times.leaseMs,
    roundTripMs: () => placement.providers[0]?.roundTripMs ?? 0,
    cut: () => {
      isAway = true;
      cut();
    },
    restore: () => (isAway = false),
    begin: (bytes) => begin(hub, events, bytes),
    move: (run, to) => move(hub, run, to),
    ended: (run) => until('the run is over', 90_000, () => ended.has(run)),
    close: async () => {
      for (const { runId } of hub.currentRuns.list()) hub.currentRuns.cancel(runId);
      await hub.close();
      await listener.close();
      await provider.close();
      await rm(dir, { recursive: true });
    },
  };
}

async function begin(hub: Hub, events: FakeLink, bytes: number): Promise<string> {
  const before = new Set(hub.currentRuns.list().map(({ runId }) => runId));
  events.deliver('in/a', { payload: Buffer.alloc(bytes) });
  const next = (): string | undefined => hub.currentRuns.list().find(({ runId }) => !before.has(runId))?.runId;
  await until('the run has begun', 30_000, () => next() !== undefined);
  return next() ?? '';
}

async function move(hub: Hub, run: string, to: 'hub' | 'provider'): Promise<void> {
  const target = to === 'hub' ? undefined : PROVIDER;
  for (const untilMs = performance.now() + 30_000; ;) {
    const answer = await hub.migrations.migrate(run, target, 'measured');
    if (answer.ok) break;
    if (performance.now() > untilMs) throw new Error(`${run} does not move: ${answer.reason}`);
    // The provider may still be preparing the component.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await until(`it executes at the ${to}`, 30_000, () => hub.migrations.of(run)?.executes === to);
}

async function deployDirtying(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'task.wasm'), await taskComponent(DIRTYING));
  await writeFile(
    join(folder, 'task.toml'),
    `name = "${TASK}"
version = "1.0.0"
component = "task.wasm"
resumable = true
[[trigger]]
topic = "in/a"
[grants]
publish = ["out"]
[limits]
fuel = "900G"
memory = "4 MiB"
deadline = "10 min"
[checkpoint]
every = "1 s"
points = "calls"
`,
  );
}

/** A runtime that tells when it is told to go on with a run. */
function watched(): Watched & { readonly start: (options: RuntimeOptions) => Promise<Runtime> } {
  const stretches: Stretch[] = [];
  const side: Watched & { start: (options: RuntimeOptions) => Promise<Runtime> } = {
    runtime: undefined as never,
    stretches,
    start: async (options) => {
      const runtime = await createRuntime(options);
      side.runtime = runtime;
      const resume: Runtime['resume'] = (checkpoint, task, points = {}): RunHandle => {
        const stretch: Stretch = {
          checkpoint,
          task,
          resumedAtMs: performance.now(),
          askedToStandAtMs: undefined,
          points: [],
        };
        stretches.push(stretch);
        const handle = runtime.resume(checkpoint, task, {
          ...points,
          onPoint: (point) => {
            const { fuel, base } = glanceAt(point);
            stretch.points.push({ atMs: performance.now(), fuel, bytes: point.length, whole: base === undefined });
            points.onPoint?.(point);
          },
        });
        return {
          end: handle.end,
          suspend: () => {
            stretch.askedToStandAtMs ??= performance.now();
            return handle.suspend();
          },
        };
      };
      return new Proxy(runtime, {
        get: (target, name) => {
          if (name === 'resume') return resume;
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      });
    },
  };
  return side;
}
