/** The benchmark's kernels, interrupted at every slice: hot loops, floats, 64-bit numbers, recursion, strings half built. */
import path from 'node:path';
import { t } from 'tap';
import { compileKernels } from '../../bench/kernels.js';
import { PACKAGE_ROOT } from '../../package-root.js';
import { metered, MeteredInstance } from '../provision/metered-module.js';
import { SteppedInstance, suspendable } from './stepped-instance.js';

t.test('a kernel of the benchmark is the same, interrupted at every slice', async (t) => {
  for (const { name, module } of await compileKernels(path.join(PACKAGE_ROOT, 'test/fixtures/bench/kernels'))) {
    const whole = new MeteredInstance(new WebAssembly.Module(metered(module)));
    whole.start();
    const answer = (whole.exports['run'] as unknown as () => number)();
    // What it holds is copied each time: those with much of it stand still less often.
    const sliceFuel = Math.ceil(whole.used / 150);
    const stepped = new SteppedInstance(new WebAssembly.Module(await suspendable(module)), {
      sliceFuel,
      wish: () => 'copy',
    });
    stepped.start();
    t.equal((stepped.exports['run'] as unknown as () => number)(), answer, name);
    t.equal(stepped.used, whole.used, `${name}, in fuel`);
    t.ok(stepped.stops > 100, `${name}, which stood still ${stepped.stops} times`);
  }
});
