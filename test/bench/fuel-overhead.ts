/** What counting fuel costs: metered time over plain time, kernel by kernel. */
import path from 'node:path';
import { tuneEngine } from '../../runtime/engine.js';
import { RUNTIME_BOUNDS } from '../../runtime/index.js';
import { meter } from '../../runtime/provision/meter/meter.js';
import { compileKernels, type Kernel } from './kernels.js';
import { PACKAGE_ROOT } from '../package-root.js';
import type { Row } from './row.js';
import { geometricMean } from './statistics.js';

/** Enough calls for V8 to have replaced the code of its first compiler. */
const WARM_UP_CALLS = 12;

/** The minimum of this many is what the machine can do when it is let. */
const ROUNDS = 40;

type Program = () => number;

export async function fuelOverhead(): Promise<Row[]> {
  tuneEngine();
  const kernels = await compileKernels(path.join(PACKAGE_ROOT, 'test/fixtures/bench/kernels'));
  const rows: Row[] = [];
  const ratios: number[] = [];
  for (const kernel of kernels) {
    const { plainMs, meteredMs, growth } = await compare(kernel);
    const ratio = meteredMs / plainMs;
    ratios.push(ratio);
    const value = `${meteredMs.toFixed(2)} / ${plainMs.toFixed(2)} ms`;
    rows.push({ measure: `fuel: ${kernel.name}, metered / plain (size ${growth.toFixed(2)})`, value, ratio });
  }
  rows.push({
    measure: 'fuel: geometric mean',
    value: `${kernels.length} kernels`,
    ratio: geometricMean(ratios),
    aim: { most: 1.1 },
  });
  rows.push({ measure: 'fuel: worst', value: '', ratio: Math.max(...ratios) });
  return rows;
}

async function compare(kernel: Kernel): Promise<{ plainMs: number; meteredMs: number; growth: number }> {
  const metered = meter(kernel.module, { exceptions: false }).module;
  const programs = [plainProgram(kernel.module), meteredProgram(metered)] as const;
  const [plainAnswer, meteredAnswer] = programs.map((program) => program());
  if (plainAnswer !== meteredAnswer) {
    throw new Error(`${kernel.name} answers ${meteredAnswer} when metered and ${plainAnswer} when not`);
  }
  for (let i = 0; i < WARM_UP_CALLS; i++) for (const program of programs) await timeMs(program);

  let plainMs = Infinity;
  let meteredMs = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    plainMs = Math.min(plainMs, await timeMs(programs[0]));
    meteredMs = Math.min(meteredMs, await timeMs(programs[1]));
  }
  return { plainMs, meteredMs, growth: metered.length / kernel.module.length };
}

async function timeMs(program: Program): Promise<number> {
  // V8 hands over optimised code between tasks.
  await new Promise((resolve) => setImmediate(resolve));
  const startedAt = performance.now();
  program();
  return performance.now() - startedAt;
}

function plainProgram(module: Uint8Array): Program {
  return new WebAssembly.Instance(new WebAssembly.Module(module), {}).exports['run'] as Program;
}

/** As on a hub: slices of the usual size, refilled by a host call for as long as the program runs. */
function meteredProgram(module: Uint8Array): Program {
  const slice = (fuel: number): number => fuel + RUNTIME_BOUNDS.sliceFuel;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), {
    'sterna:meter': { slice, grow: () => 1 },
  });
  const start = exports['sterna:start'] as (() => void) | undefined;
  start?.();
  return exports['run'] as Program;
}
