/** A hub with a real runtime and a link that does as it is told, whose tasks can stand still. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Test } from 'tap';
import type { Observation } from '../../../hub/observations.js';
import { createHub, type Hub, type HubOptions } from '../../../hub/hub.js';
import { createLog } from '../../../hub/log.js';
import { createRuntime, type Runtime } from '../../../runtime/index.js';
import { builtTask } from '../../runtime/built-task.js';
import { until } from '../../runtime/eventually.js';
import { fakeLink, type FakeLink } from '../fake-link.js';

export interface RealHub {
  readonly hub: Hub;
  readonly runtime: Runtime;
  readonly link: FakeLink;
  readonly seen: Observation[];
  readonly dir: string;
  /** "task reason", "task" and so on, of what happened to runs, in order. */
  readonly told: () => string[];
  /** Resolves when that has been told. */
  readonly tells: (what: string, ms?: number) => Promise<void>;
  readonly send: (topic: string, text: string, qos?: 0 | 1) => void;
  /** The id of the run of a task that goes on. */
  readonly runOf: (task: string) => string;
}

export interface RealHubOptions {
  /** task.toml by name, without what names the component: each is the task `probe` under another name. */
  readonly tasks: Readonly<Record<string, string>>;
  /** In place of `probe`. */
  readonly component?: Uint8Array;
  /** In place of a real one. */
  readonly runtime?: Runtime;
  readonly threads?: number;
  /** Of an earlier hub that is closed. */
  readonly dir?: string;
  readonly drainMs?: number;
  readonly placement?: HubOptions['placement'];
  readonly openCheckpoints?: HubOptions['openCheckpoints'];
  readonly recordBytes?: number;
}

/** What a run of `probe` does: turns of a loop, as many as its payload says. */
export function probeToml(name: string, lines: string): string {
  return `name = "${name}"
version = "1.0.0"
component = "probe.wasm"
[[trigger]]
topic = "${name}/{what}/{key}"
[grants]
publish = ["out/#"]
buckets = { default = "read-write" }
[limits]
fuel = "100G"
deadline = "10 min"
${lines}`;
}

/** Above the first table, which TOML wants. */
export function longToml(name: string, lines = '', checkpoint = ''): string {
  const head = probeToml(name, `${lines}\n[checkpoint]\npoints = "all"\n${checkpoint}`);
  return head.replace('component =', 'resumable = true\ncomponent =');
}

/** What hubs of this process have prepared: that takes longer than most of what they are to show. */
const prepared = mkdtempSync(join(tmpdir(), 'sterna-prepared-'));
process.once('exit', () => rmSync(prepared, { recursive: true, force: true }));

export async function realHub(t: Test, options: RealHubOptions): Promise<RealHub> {
  const { tasks, component, threads = 1, dir = t.testdir({}), drainMs = 1_000 } = options;
  const { placement, openCheckpoints, recordBytes } = options;
  for (const [name, toml] of Object.entries(tasks)) await writeTask(join(dir, 'tasks', name), toml, component);
  const components = join(dir, 'data', 'components');
  cpSync(prepared, components, { recursive: true });
  const link = fakeLink();
  const seen: Observation[] = [];
  let ids = 0;
  let runtime: Runtime | undefined;
  const hub = await createHub({
    taskDirs: [join(dir, 'tasks')],
    dataDir: join(dir, 'data'),
    threads,
    startRuntime: async (given) => (runtime = options.runtime ?? (await createRuntime(given))),
    connect: (onMessage) => link.connect(onMessage),
    brokerName: 'mqtt://fake',
    clock: () => 5_000,
    zone: 'UTC',
    newEventId: () => `e${process.hrtime.bigint()}-${ids++}`,
    newSeed: () => 7,
    observe: (observation) => seen.push(observation),
    log: createLog(process.env['STERNA_TEST_LOG'] ?? 'silent'),
    drainMs,
    ...(placement === undefined ? {} : { placement }),
    ...(openCheckpoints === undefined ? {} : { openCheckpoints }),
    ...(recordBytes === undefined ? {} : { recordBytes }),
  });
  t.teardown(() => hub.close());
  // What begins with a dot is being written.
  cpSync(components, prepared, { recursive: true, filter: (file) => !basename(file).startsWith('.') });
  if (runtime === undefined) throw new Error('the hub has no runtime');
  const told = (): string[] => seen.flatMap((one) => toldOf(one) ?? []);
  return {
    hub,
    runtime,
    link,
    seen,
    dir,
    told,
    tells: (what, ms = 20_000) => until(`the hub tells "${what}"`, ms, () => told().includes(what)),
    send: (topic, text, qos = 1) => link.deliver(topic, { payload: Buffer.from(text), qos }),
    runOf: (task) => {
      const run = hub.currentRuns.list().find((one) => one.task === task);
      if (run === undefined) throw new Error(`no run of "${task}" goes on`);
      return run.runId;
    },
  };
}

async function writeTask(folder: string, toml: string, component?: Uint8Array): Promise<void> {
  const file = join(folder, 'probe.wasm');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(join(folder, 'task.toml'), toml);
  writeFileSync(file, component ?? (await builtTask('test/fixtures/guests/probe')).component);
}

function toldOf(one: Observation): string | undefined {
  switch (one.kind) {
    case 'run-parked':
      return `${one.task} parked: ${one.reason}`;
    case 'run-resumed':
      return `${one.task} resumed${one.fromEarlierHub ? ' from an earlier hub' : ''}`;
    case 'run-restarted':
      return `${one.task} restarted: ${one.reason}`;
    case 'run-checkpointed':
      return `${one.task} checkpointed`;
    case 'run-set-apart':
      return `${one.task} set apart`;
    case 'run-finished':
      return `${one.task} ${one.outcome.kind}`;
    default:
      return undefined;
  }
}
