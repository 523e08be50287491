/**
 * How much time a unit of fuel is: what the cost table is calibrated with.
 *
 * The unit is the geometric mean over the kernels, which are ordinary code. Each
 * probe is a loop over a chain of one instruction in which every link needs the
 * one before, so that nothing hides its latency: the most time that its fuel can
 * buy, with what it works on in the cache and no subnormal numbers.
 */
import path from 'node:path';
import { tuneEngine } from '../../runtime/engine.js';
import { PACKAGE_ROOT } from '../package-root.js';
import { fromText } from '../runtime/provision/wat.js';
import { compileKernels } from './kernels.js';
import { meteredFuel } from './metered-fuel.js';
import { type Probe, PROBES } from './probes.js';
import type { Row } from './row.js';
import { geometricMean } from './statistics.js';

/** Links of the chain in one turn of the loop: enough to make the loop itself small. */
const LINKS = 32;
const TARGET_MS = 4;
const ROUNDS = 9;

interface Cost {
  readonly name: string;
  readonly ns: number;
  readonly fuel: number;
}

export async function fuelPerTime(): Promise<Row[]> {
  tuneEngine();
  const programs = await kernelCosts();
  const unitNs = geometricMean(programs.map(({ ns, fuel }) => ns / fuel));
  const probes: Cost[] = [];
  for (const probe of PROBES) probes.push(await probeCost(probe));
  const ratio = ({ ns, fuel }: Cost): number => ns / fuel / unitNs;
  return [
    { measure: 'costs: one unit of fuel, over the kernels', value: `${unitNs.toFixed(3)} ns` },
    ...programs.map((cost) => ({
      measure: `costs: kernel ${cost.name}, time of a unit`,
      value: `${(cost.ns / 1e6).toFixed(2)} ms, ${cost.fuel} fuel`,
      ratio: ratio(cost),
    })),
    ...probes.map((cost) => ({
      measure: `costs: ${cost.name}, time of a unit`,
      value: `${cost.ns.toFixed(2)} ns, ${cost.fuel.toFixed(1)} fuel`,
      ratio: ratio(cost),
    })),
    { measure: 'costs: least time of a unit', value: '', ratio: Math.min(...[...programs, ...probes].map(ratio)) },
    { measure: 'costs: most time of a unit', value: '', ratio: Math.max(...[...programs, ...probes].map(ratio)) },
  ];
}

async function kernelCosts(): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (const { name, module } of await compileKernels(path.join(PACKAGE_ROOT, 'test/fixtures/bench/kernels'))) {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), {});
    const run = exports['run'] as () => void;
    let best = Infinity;
    for (let round = 0; round < 3 * ROUNDS; round++) best = Math.min(best, await timeMs(run, 0));
    costs.push({ name, ns: best * 1e6, fuel: meteredFuel(module, 0) });
  }
  return costs;
}

/** Of one link: time by the clock, on the module as it came, and fuel by the meter. */
async function probeCost(probe: Probe): Promise<Cost> {
  const empty = await timeAndFuel(probe, 0);
  const full = await timeAndFuel(probe, LINKS);
  return {
    name: probe.name,
    ns: Math.max(0.01, (full.ns - empty.ns) / LINKS),
    fuel: (full.fuel - empty.fuel) / LINKS,
  };
}

async function timeAndFuel(probe: Probe, links: number): Promise<{ ns: number; fuel: number }> {
  const module = fromText(textOf(probe, links));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { host: { f: () => undefined } });
  const run = exports['run'] as (turns: number) => void;
  let turns = 64;
  while ((await timeMs(run, turns)) < TARGET_MS && turns < 1 << 26) turns *= 2;
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) best = Math.min(best, await timeMs(run, turns));
  return { ns: (best * 1e6) / turns, fuel: meteredFuel(module, 2) - meteredFuel(module, 1) };
}

async function timeMs(run: (turns: number) => void, turns: number): Promise<number> {
  // V8 hands over optimised code between tasks.
  await new Promise((resolve) => setImmediate(resolve));
  const startedAt = performance.now();
  run(turns);
  return performance.now() - startedAt;
}

function textOf({ type, link, extra }: Probe, links: number): string {
  const body = Array.from({ length: links }, () => `(local.set $x ${link})`).join('\n');
  return `(module (import "host" "f" (func $host)) ${extra ?? ''}
    (memory 17) (data $d "some bytes of a passive segment") (table $t 64 funcref) (elem (table $t) (i32.const 0) func $leaf)
    (elem $e func $leaf $leaf) (type $v (func (param ${type}) (result ${type})))
    (global $zero (mut i32) (i32.const 0)) (global $g (mut ${type}) (${type}.const ${type === 'v128' ? 'i64x2 1 1' : 1}))
    (func $leaf (param ${type}) (result ${type}) (local.get 0))
    (func (export "run") (param $turns i32)
      (local $x ${type}) (local $i i32) (local $j i64) (local $d f64) (local $s f32)
      (local.set $i (global.get $zero)) (local.set $j (i64.extend_i32_u (local.get $i)))
      (local.set $d (f64.convert_i32_u (local.get $i))) (local.set $s (f32.convert_i32_u (local.get $i)))
      (local.set $x (${type}.const ${type === 'v128' ? 'i64x2 0x4010000000000000 0x4010000000000000' : '7'}))
      (loop $l
        ${body}
        (local.set $turns (i32.sub (local.get $turns) (i32.const 1)))
        (br_if $l (local.get $turns)))
      (global.set $g (local.get $x))))`;
}
