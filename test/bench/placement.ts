/**
 * Where auto has runs executed, against where they would have been over sooner: a provider that is a process of its
 * own, behind links of different quality, and a hub whose threads are as slow as a small board's.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createRuntime, type Runtime } from '../../runtime/index.js';
import { startShapingProxy, type ShapingProxy } from '../../sim/shaping-proxy.js';
import { freePort } from '../fixtures/free-port.js';
import { benchProvider, placingHub } from './placing-hub.js';
import type { Row } from './row.js';
import { median } from './statistics.js';

/** How much slower than the provider the hub is. */
const SLOWER = 5;
/** At least, and for as long that auto may change its mind. */
const ROUNDS = 6;
const AUTO_MS = 1_200;
/** The same task three times: under each policy that is compared. */
const POLICIES = { here: 'local-only', there: 'remote-only', auto: 'auto' } as const;
type Name = keyof typeof POLICIES;

const LINKS = [
  { link: 'the same network', delayMs: 0, bytesPerMs: Infinity },
  { link: 'a city away', delayMs: 10, bytesPerMs: 2_000 },
  { link: 'a mobile network', delayMs: 40, bytesPerMs: 250 },
];
/** Turns of the task's loop, of nine instructions each. */
const TASKS = [
  { turns: 1_000, payloadBytes: 100 },
  { turns: 1_000, payloadBytes: 50_000 },
  { turns: 2_000_000, payloadBytes: 100 },
  { turns: 10_000_000, payloadBytes: 50_000 },
];
const LOADS = [1, 4];

interface World {
  readonly turns: number;
  readonly payloadBytes: number;
  readonly atOnce: number;
}

/** What a world came to under one policy. */
interface Played {
  /** Of each round: until all of its runs were over. */
  readonly roundMs: readonly number[];
  /** Where each run was executed. */
  readonly sides: readonly ('local' | 'remote')[];
}

interface Bench {
  readonly run: (name: Name, payload: Uint8Array) => Promise<'local' | 'remote'>;
  readonly proxy: ShapingProxy;
  close(): Promise<void>;
}

export async function placement(): Promise<Row[]> {
  const dir = await mkdtemp(path.join(tmpdir(), 'sterna-bench-'));
  const bench = await open(dir);
  try {
    const rows: Row[] = [];
    const all = { autoMs: 0, hereMs: 0, thereMs: 0, right: 0, runs: 0 };
    for (const { link, ...shape } of LINKS) {
      bench.proxy.shape(shape);
      const row = { autoMs: 0, hereMs: 0, thereMs: 0, right: 0, runs: 0 };
      for (const task of TASKS) {
        for (const atOnce of LOADS) add(row, await played(bench, { ...task, atOnce }));
      }
      add(all, row);
      rows.push(rowOf(link, row));
    }
    return [...rows, rowOf('all links', all)];
  } finally {
    await bench.close();
    await rm(dir, { recursive: true });
  }
}

interface Sum {
  autoMs: number;
  hereMs: number;
  thereMs: number;
  right: number;
  runs: number;
}

function add(sum: Sum, more: Sum): void {
  for (const name of ['autoMs', 'hereMs', 'thereMs', 'right', 'runs'] as const) sum[name] += more[name];
}

function rowOf(what: string, { autoMs, hereMs, thereMs, right, runs }: Sum): Row {
  const best = Math.min(hereMs, thereMs);
  return {
    measure: `placement: ${what}: auto / the better of all here (${seconds(hereMs)}) and all there (${seconds(thereMs)})`,
    value: `${seconds(autoMs)}, ${Math.round((100 * right) / runs)} % of single runs right`,
    ratio: autoMs / best,
    aim: { most: 1.3 },
  };
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** Auto goes first: it knows of this world only what it finds out. */
async function played(bench: Bench, world: World): Promise<Sum> {
  const auto = await play(bench, world, 'auto');
  const [here, there] = [await play(bench, world, 'here'), await play(bench, world, 'there')];
  const [localMs, remoteMs] = [median([...here.roundMs]), median([...there.roundMs])];
  // Where both take the same within a quarter, neither is wrong; and several at once belong on both sides.
  const isClose = Math.abs(localMs - remoteMs) < Math.max(0.5, Math.max(localMs, remoteMs) / 4);
  const better = localMs < remoteMs ? 'local' : 'remote';
  const counted = world.atOnce === 1 ? auto.sides : [];
  return {
    autoMs: sum(auto.roundMs),
    hereMs: (sum(here.roundMs) / here.roundMs.length) * auto.roundMs.length,
    thereMs: (sum(there.roundMs) / there.roundMs.length) * auto.roundMs.length,
    right: counted.filter((side) => isClose || side === better).length,
    runs: counted.length,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

async function play(bench: Bench, { turns, payloadBytes, atOnce }: World, name: Name): Promise<Played> {
  const payload = Buffer.from(String(turns).padEnd(payloadBytes));
  const roundMs: number[] = [];
  const sides: ('local' | 'remote')[] = [];
  const endMs = performance.now() + (name === 'auto' ? AUTO_MS : 0);
  while (roundMs.length < ROUNDS || performance.now() < endMs) {
    const from = performance.now();
    sides.push(...(await Promise.all(Array.from({ length: atOnce }, () => bench.run(name, payload)))));
    roundMs.push(performance.now() - from);
  }
  return { roundMs, sides };
}

/** A runtime of one thread in which all takes longer: a run holds the thread for as long again, and again. */
function slowed(runtime: Runtime): Runtime {
  let before: Promise<unknown> = Promise.resolve();
  const run = runtime.run.bind(runtime);
  runtime.run = (request, signal) => {
    const slow = before.then(async () => {
      const result = await run(request, signal);
      const { usage } = result;
      await new Promise((resolve) => setTimeout(resolve, (SLOWER - 1) * usage.wallMs));
      return { ...result, usage: { ...usage, wallMs: SLOWER * usage.wallMs } };
    });
    before = slow.catch(() => undefined);
    return slow;
  };
  return runtime;
}

async function open(dir: string): Promise<Bench> {
  const port = await freePort();
  const proxy = await startShapingProxy({ host: '127.0.0.1', port });
  const provider = await benchProvider(path.join(dir, 'provider'), { listen: port, address: proxy.port }, 2);
  const places = Object.entries(POLICIES).map(([name, policy]) => `[tasks.${name}]\nplacement = "${policy}"\n`);
  const local = slowed(await createRuntime({ threads: 1, cacheDir: path.join(dir, 'components') }));
  const hub = await placingHub({
    dir,
    token: provider.token,
    app: `[placement]\nchecked = 0\n${places.join('')}`,
    local,
    threads: 1,
    guest: 'test/fixtures/guests/turns',
    names: Object.keys(POLICIES),
    there: 'there',
  });
  return {
    proxy,
    run: async (name, payload) => {
      const event = { topic: 'in/a', payload, captures: { device: 'a' } };
      const { outcome, where } = await hub.placed.run(hub.request(name, event));
      if (outcome.kind !== 'completed') throw new Error(`A run ended as ${outcome.kind}`);
      return where === undefined ? 'local' : 'remote';
    },
    close: async () => {
      await hub.close();
      await proxy.close();
      provider.kill();
    },
  };
}
