/** What being resumable costs: in time and size for all of a run, and for each checkpoint. */
import path from 'node:path';
import { tuneEngine } from '../../runtime/engine.js';
import {
  checkpointDigest,
  decodeCheckpoint,
  DEFAULT_LIMITS,
  deltaOf,
  encodeCheckpoint,
  packCheckpoint,
  RUNTIME_BOUNDS,
  type Checkpoint,
} from '../../runtime/index.js';
import type { Named } from '../../runtime/checkpoint/delta.js';
import type { Points } from '../../runtime/provision/suspend/points.js';
import { checkpointOf } from '../../runtime/worker/checkpoint-of.js';
import { Instance } from '../../runtime/worker/instance.js';
import { RunContext, type Executing } from '../../runtime/worker/run-context.js';
import { PACKAGE_ROOT } from '../package-root.js';
import { endlessMeter, metered, startOf } from '../runtime/provision/metered-module.js';
import { requestOf } from '../runtime/run-request.js';
import { prepared, type Prepared } from '../runtime/suspend/stepping.js';
import { SteppedInstance, suspendable } from '../runtime/suspend/stepped-instance.js';
import { taskComponent } from '../runtime/wat-component.js';
import { compare, type Work } from './interleaved.js';
import { compileKernels } from './kernels.js';
import { keptPoints } from './kept-points.js';
import type { Row } from './row.js';
import { geometricMean } from './statistics.js';
import { timeToAPoint } from './time-to-a-point.js';

export async function suspending(): Promise<Row[]> {
  tuneEngine();
  const rows = [...(await overhead('all')), ...(await overhead('loops'))];
  for (const { name, module } of await compileKernels(path.join(PACKAGE_ROOT, 'test/fixtures/bench/kernels'))) {
    rows.push(...(await timeToAPoint(name, module)));
  }
  for (const [memoryMiB, dirtyMiB] of [
    [1, 0.0625],
    [2, 1],
    [16, 1],
    [16, 8],
  ] as const) {
    rows.push(...(await checkpoints(memoryMiB, dirtyMiB)));
  }
  for (const [dirtyMiB, changedMiB] of [
    [1, 0.0625],
    [1, 1],
    [8, 1],
  ] as const) {
    rows.push(await difference(dirtyMiB, changedMiB));
  }
  rows.push(...(await keptPoints()));
  return rows;
}

async function overhead(points: Points): Promise<Row[]> {
  const kernels = await compileKernels(path.join(PACKAGE_ROOT, 'test/fixtures/bench/kernels'));
  const rows: Row[] = [];
  const ratios: number[] = [];
  for (const { name, module } of kernels) {
    const plain = metered(module);
    const rewritten = await suspendable(module, points);
    const times = await compare(name, meteredProgram(plain), suspendableProgram(rewritten));
    const ratio = times.meteredMs / times.plainMs;
    ratios.push(ratio);
    const growth = (rewritten.length / plain.length).toFixed(2);
    const value = `${times.meteredMs.toFixed(2)} / ${times.plainMs.toFixed(2)} ms`;
    rows.push({ measure: `suspend: ${name}, ${points} / metered (size ${growth})`, value, ratio });
  }
  const measure = `suspend: ${points}, geometric mean`;
  rows.push({ measure, value: `${kernels.length} kernels`, ratio: geometricMean(ratios), aim: { most: 1.5 } });
  return rows;
}

function meteredProgram(module: Uint8Array): Work {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), endlessMeter(RUNTIME_BOUNDS.sliceFuel));
  startOf(exports);
  return exports['run'] as Work;
}

function suspendableProgram(module: Uint8Array): Work {
  const instance = new SteppedInstance(new WebAssembly.Module(module), { sliceFuel: RUNTIME_BOUNDS.sliceFuel });
  instance.start();
  return instance.exports['run'] as Work;
}

const MiB = 1024 * 1024;
const PAGE_BYTES = 65_536;
const ROUNDS = 15;
const WATCH = { now: () => 0, cancelled: () => false, sliceEnded: () => undefined };
const MANIFEST = { limits: DEFAULT_LIMITS, grants: { publish: [], buckets: {} }, config: {}, subjects: 'verbatim' };

/** A guest that writes to so much of its memory, words that differ, and then offers points of execution for ever. */
async function checkpoints(memoryMiB: number, dirtyMiB: number): Promise<Row[]> {
  const component = await taskComponent({
    memory: (memoryMiB * MiB) / PAGE_BYTES,
    imports: '(import "sterna:task/checkpoint@0.1.0" "offer" (func $offer (param f64)))',
    fields: `(func $write (local $at i32) (local $x i32)
      (loop $next
        (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1664525)) (i32.const 1013904223)))
        (i32.store (i32.add (local.get $at) (i32.const 65536)) (i32.shr_u (local.get $x) (i32.const 16)))
        (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const ${dirtyMiB * MiB})))))`,
    body: '(call $write) (loop $again (call $offer (f64.const 0)) (i32.store (i32.const 64) (i32.const 1)) (br $again))',
  });
  return prepared(component, 'all', (task) => {
    const took: number[] = [];
    const resumed: number[] = [];
    let from: Uint8Array | undefined;
    let before: Uint8Array | undefined;
    for (let round = 0; round < ROUNDS; round++) {
      const { checkpointMs, resumeMs, bytes } = moved(task, from);
      took.push(checkpointMs);
      if (from !== undefined) resumed.push(resumeMs);
      before = from;
      from = bytes;
    }
    if (from === undefined || before === undefined) throw new Error('a difference needs two rounds');
    const difference = sizes(from, before);
    const what = `suspend: ${dirtyMiB} MiB dirty of ${memoryMiB},`;
    const ms = (times: readonly number[]): string => `${Math.min(...times).toFixed(2)} ms`;
    return [
      { measure: `${what} to a checkpoint`, value: ms(took) },
      { measure: `${what} to go on elsewhere`, value: ms(resumed) },
      { measure: `${what} bytes, packed, of a difference`, value: difference },
    ];
  });
}

interface Moved {
  /** From the point of execution to bytes. */
  readonly checkpointMs: number;
  /** From bytes to the first instruction, with a new instance. */
  readonly resumeMs: number;
  readonly bytes: Uint8Array;
}

function moved({ loaded, key }: Prepared, from: Uint8Array | undefined): Moved {
  const request = requestOf({ manifest: MANIFEST as never }, { key });
  const startedAt = performance.now();
  let wishedAt = 0;
  let resumedAt = 0;
  const instance = new Instance(loaded, (executing) => {
    executing.gauge.begin(1e15, Infinity, WATCH);
    return new RunContext(request, executing, undefined);
  });
  instance.save();
  const run = new RunContext(request, instance, undefined);
  instance.gauge.begin(1e15, Infinity, WATCH);
  let points = 0;
  const wishes = (): 'go-on' | 'leave' => {
    if (points === 0) resumedAt = performance.now();
    // In the run that begins, not before all is written.
    wishedAt = performance.now();
    return points++ < (from === undefined ? 200 : 1) ? 'go-on' : 'leave';
  };
  const ending =
    from === undefined
      ? instance.handle(run, request.event, wishes)
      : instance.continue(run, decodeCheckpoint(from).guest, wishes);
  if (ending.type !== 'still') throw new Error(`it ended as ${JSON.stringify(ending)}`);
  const bytes = encodeCheckpoint(checkpointOf({ run, instance, loaded, fuel: ending.fuel, wallMs: 0 }));
  return { checkpointMs: performance.now() - wishedAt, resumeMs: resumedAt - startedAt, bytes };
}

/** A guest of 16 MiB that writes to so much, and from then on changes so much of it before each point of execution. */
async function difference(dirtyMiB: number, changedMiB: number): Promise<Row> {
  const component = await taskComponent({
    memory: (16 * MiB) / PAGE_BYTES,
    imports: '(import "sterna:task/checkpoint@0.1.0" "offer" (func $offer (param f64)))',
    fields: `(global $x (mut i32) (i32.const 1)) (func $write (param $bytes i32) (local $at i32) (local $x i32)
      (local.set $x (global.get $x))
      (loop $next
        (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1664525)) (i32.const 1013904223)))
        (i32.store (i32.add (local.get $at) (i32.const 65536)) (i32.shr_u (local.get $x) (i32.const 16)))
        (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (local.get $bytes))))
      (global.set $x (local.get $x)))`,
    body: `(call $write (i32.const ${dirtyMiB * MiB}))
      (loop $again (call $write (i32.const ${changedMiB * MiB})) (call $offer (f64.const 0)) (br $again))`,
  });
  return prepared(component, 'calls', ({ loaded, key }) => {
    const request = requestOf({ manifest: MANIFEST as never }, { key });
    const started = (executing: Executing): RunContext => {
      executing.gauge.begin(1e15, Infinity, WATCH);
      return new RunContext(request, executing, undefined);
    };
    const instance = new Instance(loaded, started);
    instance.save();
    const run = started(instance);
    const point = (base: Named | undefined): Checkpoint => {
      return checkpointOf({ run, instance, loaded, fuel: 0, wallMs: 0, base });
    };
    // The first is on entry, before anything is written.
    const steps = (): boolean => instance.goOn(run).type === 'still';
    if (instance.handle(run, request.event, () => 'copy').type !== 'still' || !steps()) throw new Error('it ended');
    const whole = point(undefined);
    const base = { checkpoint: whole, digest: checkpointDigest(encodeCheckpoint(whole)) };
    const took: number[] = [];
    let bytes = 0;
    for (let round = 0; round < ROUNDS; round++) {
      if (!steps()) throw new Error('it ended');
      const wishedAt = performance.now();
      bytes = encodeCheckpoint(point(base)).length;
      took.push(performance.now() - wishedAt);
    }
    return {
      measure: `suspend: ${dirtyMiB} MiB dirty of 16, ${changedMiB} changed, to a difference of ${bytes} bytes`,
      value: `${Math.min(...took).toFixed(2)} ms`,
    };
  });
}

function sizes(later: Uint8Array, base: Uint8Array): string {
  const named = { checkpoint: decodeCheckpoint(base), digest: checkpointDigest(base) };
  const delta = encodeCheckpoint(deltaOf(decodeCheckpoint(later), named));
  return [later, packCheckpoint(later), packCheckpoint(delta)].map(({ length }) => `${length}`).join(', ');
}
