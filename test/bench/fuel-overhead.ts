/** What counting fuel costs: metered time over plain time, kernel by kernel. */
import path from 'node:path';
import { tuneEngine } from '../../runtime/engine.js';
import { RUNTIME_BOUNDS } from '../../runtime/index.js';
import { PACKAGE_ROOT } from '../package-root.js';
import { endlessMeter, metered, startOf } from '../runtime/provision/metered-module.js';
import { compare, type Compared, type Work } from './interleaved.js';
import { compileKernels, type Kernel } from './kernels.js';
import type { Row } from './row.js';
import { geometricMean } from './statistics.js';

export async function fuelOverhead(): Promise<Row[]> {
  tuneEngine();
  const kernels = await compileKernels(path.join(PACKAGE_ROOT, 'test/fixtures/bench/kernels'));
  const rows: Row[] = [];
  const ratios: number[] = [];
  for (const kernel of kernels) {
    const { plainMs, meteredMs, growth } = await measure(kernel);
    const ratio = meteredMs / plainMs;
    ratios.push(ratio);
    const value = `${meteredMs.toFixed(2)} / ${plainMs.toFixed(2)} ms`;
    rows.push({ measure: `fuel: ${kernel.name}, metered / plain (size ${growth.toFixed(2)})`, value, ratio });
  }
  rows.push({
    measure: 'fuel: geometric mean',
    value: `${kernels.length} kernels`,
    ratio: geometricMean(ratios),
    aim: { most: 1.08 },
  });
  rows.push({ measure: 'fuel: worst', value: '', ratio: Math.max(...ratios), aim: { most: 1.5 } });
  return rows;
}

async function measure(kernel: Kernel): Promise<Compared & { growth: number }> {
  const module = metered(kernel.module);
  const times = await compare(kernel.name, plainProgram(kernel.module), meteredProgram(module));
  return { ...times, growth: module.length / kernel.module.length };
}

function plainProgram(module: Uint8Array): Work {
  return new WebAssembly.Instance(new WebAssembly.Module(module), {}).exports['run'] as Work;
}

/** As on a hub: slices of the usual size, refilled by a host call for as long as the program runs. */
function meteredProgram(module: Uint8Array): Work {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), endlessMeter(RUNTIME_BOUNDS.sliceFuel));
  startOf(exports);
  return exports['run'] as Work;
}
