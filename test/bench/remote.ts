/** What a run at a provider costs: over TLS on loopback, from a provider that is a process of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { JoinToken } from '../../provider/protocol/index.js';
import { createRuntime, type RunRequest, type Runtime } from '../../runtime/index.js';
import { freePort } from '../fixtures/free-port.js';
import { countingConnect, type Wire } from './counted-link.js';
import { benchProvider, placingHub } from './placing-hub.js';
import type { Row } from './row.js';
import { median, quantile } from './statistics.js';

const RUNS = 2_000;
const AT_ONCE = 128;
const THREADS = 1;

export async function remote(): Promise<Row[]> {
  const dir = await mkdtemp(path.join(tmpdir(), 'sterna-bench-'));
  const port = await freePort();
  const provider = await benchProvider(path.join(dir, 'provider'), { listen: port, address: port }, THREADS);
  try {
    const cold = await open(path.join(dir, 'cold'), provider.token);
    const rows = await measure(cold);
    await cold.close();
    const warm = await open(path.join(dir, 'warm'), await provider.invite());
    await warm.close();
    return [
      ...rows,
      { measure: 'remote: session to ready, the component is new there', value: `${cold.readyMs.toFixed(0)} ms` },
      {
        measure: 'remote: session to ready, the component is there / new there',
        value: `${warm.readyMs.toFixed(0)} ms`,
        ratio: warm.readyMs / cold.readyMs,
      },
    ];
  } finally {
    provider.kill();
    await rm(dir, { recursive: true });
  }
}

interface Opened {
  readonly local: Runtime;
  readonly placed: Runtime;
  readonly request: () => RunRequest;
  readonly readyMs: number;
  readonly wire: Wire;
  close(): Promise<void>;
}

async function open(dir: string, token: JoinToken): Promise<Opened> {
  const local = await createRuntime({ threads: THREADS, cacheDir: path.join(dir, 'components') });
  const wire: Wire = { out: 0, back: 0 };
  const { placed, readyMs, request, close } = await placingHub({
    dir,
    token,
    app: '[placement]\ndefault = "remote-only"\nchecked = 0\n',
    local,
    threads: THREADS,
    guest: 'test/fixtures/guests/echo',
    names: ['echo'],
    there: 'echo',
    connect: countingConnect(wire),
  });
  const nothing = { topic: 'a', payload: new Uint8Array(), captures: {} };
  return { local, placed, readyMs, wire, request: () => request('echo', nothing), close };
}

async function measure({ local, placed, request, wire }: Opened): Promise<Row[]> {
  const sides = [
    { runtime: local, ms: new Float64Array(RUNS), perSecond: [] as number[] },
    { runtime: placed, ms: new Float64Array(RUNS), perSecond: [] as number[] },
  ] as const;
  let before: Wire = { ...wire };
  for (let i = -200; i < RUNS; i++) {
    if (i === 0) before = { ...wire };
    for (const { runtime, ms } of sides) {
      const from = performance.now();
      await runtime.run(request());
      if (i >= 0) ms[i] = performance.now() - from;
    }
  }
  const [out, back] = [(wire.out - before.out) / RUNS, (wire.back - before.back) / RUNS];
  const oneByOne = { ...wire };
  for (let round = 0; round < 5; round++) {
    for (const { runtime, perSecond } of sides) {
      const from = performance.now();
      let left = RUNS;
      const work = async (): Promise<void> => {
        while (left-- > 0) await runtime.run(request());
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      perSecond.push(RUNS / ((performance.now() - from) / 1_000));
    }
  }
  const batched = (wire.out - oneByOne.out + wire.back - oneByOne.back) / (5 * RUNS);
  const [here, there] = sides;
  const [hereRate, thereRate] = [median(here.perSecond), median(there.perSecond)];
  const row = (share: number, name: string): Row => {
    const [a, b] = [quantile(here.ms, share), quantile(there.ms, share)];
    return {
      measure: `remote: a run of nothing, ${name}, at a provider / here`,
      value: `${b.toFixed(2)} ms`,
      ratio: b / a,
    };
  };
  return [
    row(0.5, 'median'),
    row(0.99, '99 of 100'),
    {
      measure: `remote: runs a second through one session, ${AT_ONCE} at once, at a provider / here`,
      value: `${Math.round(thereRate)}`,
      ratio: thereRate / hereRate,
    },
    {
      measure: 'remote: bytes of a run of nothing, by itself, there and back',
      value: `${Math.round(out)} + ${Math.round(back)} bytes`,
    },
    {
      measure: `remote: bytes of a run of nothing, ${AT_ONCE} at once / by itself`,
      value: `${Math.round(batched)} bytes`,
      ratio: batched / (out + back),
    },
  ];
}
