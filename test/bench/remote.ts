/** What a run at a provider costs: over TLS on loopback, from a provider that is a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLog } from '../../hub/log.js';
import { parseApp, Placement } from '../../hub/placement/index.js';
import { openStore } from '../../hub/store/index.js';
import { openState } from '../../hub/store/reader.js';
import { monotonicTimer } from '../../hub/timer.js';
import { newSigningKey, readJoinToken, type JoinToken } from '../../provider/protocol/index.js';
import { connectLink, type LinkEvents, type LinkOptions, type ProviderLink } from '../../hub/session/provider-link.js';
import { createRuntime, type RunRequest, type Runtime } from '../../runtime/index.js';
import { freePort } from '../fixtures/free-port.js';
import { sterna } from '../provider/provider-process.js';
import { builtTask } from '../runtime/built-task.js';
import { until } from '../runtime/eventually.js';
import type { Row } from './row.js';
import { median, quantile } from './statistics.js';

const MAIN = fileURLToPath(new URL('../../hub/main.js', import.meta.url));
const RUNS = 2_000;
const AT_ONCE = 128;
const THREADS = 1;

export async function remote(): Promise<Row[]> {
  const dir = await mkdtemp(path.join(tmpdir(), 'sterna-bench-'));
  const port = await freePort();
  const data = path.join(dir, 'provider');
  const invite = async (line: Promise<string>): Promise<JoinToken> => {
    const read = readJoinToken(await line);
    if (!read.ok) throw new Error(read.fault);
    return read.token;
  };
  const token = await invite(sterna('provider', 'init', '--data', data, '--address', `127.0.0.1:${port}`));
  const args = ['provider', '--data', data, '--listen', `127.0.0.1:${port}`, '--threads', String(THREADS)];
  const provider = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(provider.stdout, 'data');
  try {
    const cold = await open(path.join(dir, 'cold'), token);
    const rows = await measure(cold);
    await cold.close();
    const second = await invite(sterna('provider', 'invite', '--data', data));
    const warm = await open(path.join(dir, 'warm'), second);
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
    provider.kill('SIGKILL');
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

/** Bytes of messages, before TLS adds its own to each. */
interface Wire {
  out: number;
  back: number;
}

/** A link that counts. */
async function counted(wire: Wire, options: LinkOptions, events: LinkEvents): Promise<ProviderLink> {
  const link = await connectLink(options, {
    closed: (reason) => events.closed(reason),
    message: (bytes) => {
      wire.back += bytes.length;
      events.message(bytes);
    },
  });
  const { binding } = link;
  return {
    binding,
    get bufferedBytes() {
      return link.bufferedBytes;
    },
    send: (bytes) => {
      wire.out += bytes.length;
      link.send(bytes);
    },
    close: () => link.close(),
    cut: () => link.cut(),
  };
}

async function open(dir: string, token: JoinToken): Promise<Opened> {
  const app = parseApp('name = "bench"\n[placement]\ndefault = "remote-only"\nchecked = 0\n', 'app.toml');
  if (!app.ok) throw new Error(app.problems.join('\n'));
  const local = await createRuntime({ threads: THREADS, cacheDir: path.join(dir, 'components') });
  const file = path.join(dir, 'state.db');
  const store = openStore(file);
  const wire: Wire = { out: 0, back: 0 };
  const placement = new Placement({
    connect: (to, events) => counted(wire, to, events),
    app: app.app,
    conditions: { onBattery: false, metered: false },
    providers: [{ name: 'p', token }],
    key: newSigningKey(),
    hubName: 'bench',
    openState,
    timer: monotonicTimer,
    clock: Date.now,
    random: Math.random,
    log: createLog('silent'),
  });
  const { manifest, component } = await builtTask('test/fixtures/guests/echo');
  const placed = placement.over({ local, threads: THREADS, file, component: () => Promise.resolve(component) });
  const installed = await placed.install(component, manifest.limits);
  const from = performance.now();
  placement.deployed([{ manifest, installed }]);
  await until('the provider is ready', 60_000, () => (placement.gateOf(manifest.name)?.elsewhere ?? 0) > 0);
  const readyMs = performance.now() - from;
  let runs = 0;
  return {
    local,
    placed,
    readyMs,
    wire,
    request: () => {
      const id = `e${runs++}`;
      const event = {
        id,
        topic: 'a',
        payload: new Uint8Array(),
        qos: 1,
        retain: false,
        arrivedAtMs: 0,
        captures: {},
      } as const;
      const { limits, grants, config, subjects } = manifest;
      const what = { runId: `${id}/${manifest.name}`, task: installed.key, event, attempt: 1, clockMs: 0, seed: 1 };
      return { ...what, limits, grants, config, subjects };
    },
    close: async () => {
      await placed.close();
      await store.close();
    },
  };
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
