/**
 * What it costs to move a run that goes on, with 1 MiB of memory that it writes to all the time: hub and provider in one
 * process, with a runtime, a store and stubs on disk each, and a session over loopback without TLS.
 */
import { glanceAt } from '../../runtime/index.js';
import { until } from '../runtime/eventually.js';
import { movingScene, type MovingScene, type Stretch, type Watched } from './moving-scene.js';
import type { Row } from './row.js';
import { median, quantile } from './statistics.js';
import { wholeProcess } from './whole-process.js';

const MOVES = 20;
const CUTS = 4;
const PAIRS = 3;
const WINDOW_MS = 3_500;
/** Bytes of an event whose run goes on for minutes, and of one whose run takes some seconds. */
const ENDLESS = 50_000;
const SHORT = 1_500;
/** Shorter than the usual ones: losses are waited for. */
const TIMES = { heartbeatMs: 300, leaseMs: 1_500 };
/** How much longer than its lease a side waits before it takes over: `MIGRATION_BOUNDS.leaseMargin`. */
const LEASE_MARGIN = 1.25;

export async function migration(): Promise<Row[]> {
  const scene = await movingScene(TIMES);
  try {
    return [
      ...(await moves(scene)),
      ...(await asynchronous(scene)),
      ...(await takeovers(scene)),
      ...(await sideBySide(scene)),
    ];
  } finally {
    await scene.close();
  }
}

async function moves(scene: MovingScene): Promise<Row[]> {
  const { here, there } = scene;
  const run = await scene.begin(ENDLESS);
  // The first sends everything, and both sides prepare the component.
  await scene.move(run, 'provider');
  await settled();
  const downMs: number[] = [];
  const bytes: number[] = [];
  for (let i = 0; i < MOVES; i++) {
    const [from, to] = i % 2 === 0 ? [there, here] : [here, there];
    const before = { bytes: scene.wireBytes, stretches: to.stretches.length };
    const left = from.stretches.at(-1);
    await scene.move(run, i % 2 === 0 ? 'hub' : 'provider');
    await until('it is executed', 30_000, () => to.stretches.length > before.stretches);
    bytes.push(scene.wireBytes - before.bytes);
    const entered = to.stretches[before.stretches];
    if (left?.askedToStandAtMs === undefined || entered === undefined) throw new Error('it did not move');
    downMs.push(entered.resumedAtMs - left.askedToStandAtMs);
    await settled();
  }
  scene.hub.currentRuns.cancel(run);
  await scene.ended(run);
  // When the run has left its thread there, for which this would wait.
  const firstMs = await firstSlices(there);
  const all = Float64Array.from(downMs, (ms) => ms + median(firstMs));
  const roundTripMs = scene.roundTripMs();
  const row = (share: number, name: string): Row => {
    const ms = quantile(all, share);
    return {
      measure: `migration: from "stand still" to the first slice elsewhere, 1 MiB dirty, ${name} of ${MOVES}, against 50 ms + a round trip`,
      value: `${ms.toFixed(1)} ms`,
      ratio: ms / (50 + roundTripMs),
      aim: { most: 1 },
    };
  };
  return [
    row(0.5, 'p50'),
    row(0.99, 'p99'),
    {
      measure: 'migration: bytes of a move, median, against the memory that is dirty',
      value: kib(median(bytes)),
      ratio: median(bytes) / 2 ** 20,
    },
  ];
}

/** From `resume` to the first point, with a point at each slice. */
async function firstSlices({ runtime, stretches }: Watched): Promise<number[]> {
  const stretch = stretches.at(-1);
  if (stretch === undefined) throw new Error('nothing was executed there');
  const ms: number[] = [];
  for (let i = 0; i < 12; i++) {
    const from = performance.now();
    let handle: ReturnType<typeof runtime.resume> | undefined;
    ms.push(
      await new Promise<number>((resolve) => {
        const onPoint = (): void => resolve(performance.now() - from);
        handle = runtime.resume(stretch.checkpoint, stretch.task, { everyFuel: 1, onPoint, deltas: true });
      }),
    );
    await handle?.suspend();
  }
  return ms;
}

/** At the provider with a point a second that the hub keeps, and in the same runtime without points, in turn. */
async function asynchronous(scene: MovingScene): Promise<Row[]> {
  const { there } = scene;
  const ratios: number[] = [];
  const pointBytes: number[] = [];
  const wholes: number[] = [];
  const wireBytes: number[] = [];
  for (let tries = 0; ratios.length < PAIRS && tries < 2 * PAIRS; tries++) {
    const run = await scene.begin(ENDLESS);
    const earlier = there.stretches.length;
    await scene.move(run, 'provider');
    await until('it is executed', 30_000, () => there.stretches.length > earlier);
    const stretch = there.stretches.at(-1);
    if (stretch === undefined) throw new Error('nothing is executed there');
    const before = scene.wireBytes;
    await new Promise((resolve) => setTimeout(resolve, WINDOW_MS + 1_000));
    const points = Math.max(1, stretch.points.length);
    wireBytes.push((scene.wireBytes - before) / points);
    for (const { bytes, whole } of stretch.points) (whole ? wholes : pointBytes).push(bytes);
    wholes.push(stretch.checkpoint.length);
    const withPoints = rateOf(stretch);
    scene.hub.currentRuns.cancel(run);
    await scene.ended(run);
    // A machine that has much else to do may take its own link for dead.
    if (withPoints !== undefined) ratios.push(withPoints / (await rateWithout(there, stretch)));
  }
  const rows: Row[] = [
    {
      measure: 'migration: fuel a second, asynchronous with a point a second that the hub keeps / without points',
      value: `${(median(ratios) * 100).toFixed(1)} %`,
      ratio: median(ratios),
      aim: { least: 0.95 },
    },
    { measure: 'migration: bytes of a whole checkpoint, before packing', value: kib(median(wholes)) },
    {
      measure: 'migration: bytes on the wire of such a point, packed, acknowledgement included',
      value: kib(median(wireBytes)),
    },
  ];
  if (pointBytes.length > 0) {
    rows.push({
      measure: 'migration: bytes of a point as a difference, before packing / whole',
      value: kib(median(pointBytes)),
      ratio: median(pointBytes) / median(wholes),
    });
  }
  return rows;
}

/** Fuel in a millisecond, between the first point and the last; undefined where there are no two. */
function rateOf({ points }: Stretch): number | undefined {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || first === last) return undefined;
  return (last.fuel - first.fuel) / (last.atMs - first.atMs);
}

async function rateWithout({ runtime }: Watched, { checkpoint, task }: Stretch): Promise<number> {
  // As the other, it has executed for a second before it is measured.
  const warm = runtime.resume(checkpoint, task);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const from = await warm.suspend();
  if (from === undefined) throw new Error('it ended');
  const handle = runtime.resume(from, task);
  const fromMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, WINDOW_MS));
  const to = await handle.suspend();
  if (to === undefined) throw new Error('it ended');
  return (glanceAt(to).fuel - glanceAt(from).fuel) / (performance.now() - fromMs);
}

/** The hub is responsible, and its link is cut: it waits until the provider must have stopped, and goes on. */
async function takeovers(scene: MovingScene): Promise<Row[]> {
  const { here, leaseMs } = scene;
  const beyondMs: number[] = [];
  const run = await scene.begin(ENDLESS);
  for (let i = 0; i < CUTS; i++) {
    const earlier = scene.there.stretches.length;
    await scene.move(run, 'provider');
    await until('it is executed', 30_000, () => scene.there.stretches.length > earlier);
    await settled();
    beyondMs.push((await cutAndWait()) - leaseMs * LEASE_MARGIN);
    scene.restore();
    await settled();
  }
  scene.hub.currentRuns.cancel(run);
  await scene.ended(run);
  const [p50, most] = [0.5, 1].map((share) => quantile(Float64Array.from(beyondMs), share));
  const measure = `migration: the link is cut, the hub goes on: beyond the ${LEASE_MARGIN} leases that it waits`;
  return [
    {
      measure: `${measure}, p50 of ${CUTS}, against 20 ms`,
      value: ms(p50),
      ratio: (p50 ?? NaN) / 20,
      aim: { most: 1 },
    },
    {
      measure: `${measure}, most of ${CUTS}, against 20 ms`,
      value: ms(most),
      ratio: (most ?? NaN) / 20,
      aim: { most: 1 },
    },
    {
      measure: `migration: ${LEASE_MARGIN} leases, with the lease that a provider has unless a test says otherwise`,
      value: ms(5_000 * LEASE_MARGIN),
    },
  ];

  function ms(value: number | undefined): string {
    return `${(value ?? NaN).toFixed(1)} ms`;
  }

  async function cutAndWait(): Promise<number> {
    const before = here.stretches.length;
    const fromMs = performance.now();
    scene.cut();
    while (here.stretches.length === before) await new Promise((resolve) => setTimeout(resolve, 1));
    return (here.stretches.at(-1)?.resumedAtMs ?? NaN) - fromMs;
  }
}

/** One run whose link is cut in its middle: gone on with, and begun anew after the same wait. */
async function sideBySide(scene: MovingScene): Promise<Row[]> {
  const { there, leaseMs } = scene;
  const whole = await timed(async () => scene.ended(await scene.begin(SHORT)));
  const before = scene.wireBytes;
  const moved = await timed(async () => {
    const run = await scene.begin(SHORT);
    await scene.move(run, 'provider');
    await passed(whole / 2);
    scene.cut();
    await scene.ended(run);
    scene.restore();
  });
  const bytes = scene.wireBytes - before;
  const stretch = there.stretches.at(-1);
  if (stretch === undefined) throw new Error('nothing was executed there');
  const restarted = await timed(async () => {
    const first = there.runtime.resume(stretch.checkpoint, stretch.task);
    await passed(whole / 2);
    void first.suspend();
    await passed(leaseMs * LEASE_MARGIN);
    await scene.ended(await scene.begin(SHORT));
  });
  const lost = (took: number): string => `${Math.max(0, took - whole).toFixed(0)} ms`;
  const of = `a run of ${(whole / 1_000).toFixed(1)} s whose link is cut in its middle`;
  return [
    { measure: `migration: time lost by ${of}: begun anew (nothing is moved)`, value: lost(restarted) },
    {
      measure: `migration: time lost by ${of}: Sterna, the move there and the wait included / begun anew`,
      value: `${lost(moved)}, ${kib(bytes)} moved`,
      ratio: (moved - whole) / (restarted - whole),
    },
    { measure: `migration: time lost by ${of}: the whole process, by CRIU`, value: await wholeProcess() },
  ];
}

async function timed(what: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await what();
  return performance.now() - from;
}

/** Long enough for a move to be over on both sides, and for the pages to be dirty again. */
function settled(): Promise<void> {
  return passed(150);
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(0)} KiB`;
}
