/** How long an urgent event takes while four long runs want two threads: where they can stand still, and where they cannot. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createHub } from '../../hub/hub.js';
import { createLog } from '../../hub/log.js';
import { createRuntime } from '../../runtime/index.js';
import { fakeLink } from '../hub/fake-link.js';
import { builtTask } from '../runtime/built-task.js';
import { until } from '../runtime/eventually.js';
import type { Row } from './row.js';
import { quantile } from './statistics.js';

const LONG_RUNS = 4;
const URGENT_EVENTS = 60;
const APART_MS = 50;

export async function parking(): Promise<Row[]> {
  const without = await latencies(false);
  const parked = await latencies(true);
  const text = (ms: Float64Array): string =>
    [0.5, 0.99, 1].map((share) => quantile(ms, share).toFixed(1)).join(' / ') + ' ms';
  return [
    { measure: 'parking: an urgent event, long runs cannot stand still (p50 / p99 / most)', value: text(without) },
    {
      measure: 'parking: an urgent event, long runs can (p50 / p99 / most); p99 against that',
      value: text(parked),
      ratio: quantile(parked, 0.99) / quantile(without, 0.99),
    },
  ];
}

/** From the arrival of each urgent event to its commit. */
async function latencies(resumable: boolean): Promise<Float64Array> {
  const dir = await mkdtemp(join(tmpdir(), 'sterna-parking-'));
  await deploy(join(dir, 'tasks'), 'guest-tasks/optimise', (toml) => {
    const sized = toml
      .replace('levels = 2000', 'levels = 10000')
      .replace('mode = "latest"', '')
      .replace('concurrency = 1', `concurrency = ${LONG_RUNS}`);
    return resumable ? sized : sized.replace('resumable = true', '');
  });
  await deploy(join(dir, 'tasks'), 'test/fixtures/guests/echo', (toml) =>
    toml.replace('[schedule]', '[schedule]\npriority = 9'),
  );
  const link = fakeLink();
  const ended = new Map<string, number>();
  const hub = await createHub({
    taskDirs: [join(dir, 'tasks')],
    dataDir: join(dir, 'data'),
    threads: 2,
    startRuntime: createRuntime,
    connect: (onMessage) => link.connect(onMessage),
    brokerName: 'mqtt://none',
    clock: Date.now,
    newEventId: newIds(),
    newSeed: () => 7,
    observe: (seen) => {
      if (seen.kind === 'run-finished') ended.set(seen.event.topic, performance.now());
    },
    log: createLog('silent'),
    drainMs: 0,
  });
  try {
    const prices = Array.from({ length: 96 }, (_, step) => (step % 24) / 48);
    for (let i = 0; i < LONG_RUNS; i++)
      link.deliver(`battery/b${i}/plan`, { payload: Buffer.from(JSON.stringify({ prices })) });
    await until('they execute', 60_000, () => executing(hub) === 2);
    const ms: number[] = [];
    for (let i = 0; i < URGENT_EVENTS; i++) {
      const from = performance.now();
      link.deliver(`in/${i}`);
      await until('it is over', 60_000, () => ended.has(`in/${i}`));
      ms.push((ended.get(`in/${i}`) ?? from) - from);
      await new Promise((resolve) => setTimeout(resolve, APART_MS));
    }
    for (const { runId } of hub.currentRuns.list()) hub.currentRuns.cancel(runId);
    return Float64Array.from(ms);
  } finally {
    await hub.close();
    await rm(dir, { recursive: true });
  }
}

function executing(hub: Awaited<ReturnType<typeof createHub>>): number {
  return hub.currentRuns.list().filter(({ where }) => where === 'thread').length;
}

function newIds(): () => string {
  let ids = 0;
  return () => `e${ids++}`;
}

async function deploy(dir: string, path: string, edit: (toml: string) => string): Promise<void> {
  const { manifest, toml, component } = await builtTask(path);
  const folder = join(dir, manifest.name);
  await mkdir(dirname(join(folder, manifest.component)), { recursive: true });
  await writeFile(join(folder, 'task.toml'), edit(toml));
  await writeFile(join(folder, manifest.component), component);
}
