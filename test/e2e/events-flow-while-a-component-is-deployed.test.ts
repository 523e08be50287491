/** Deploying a component as large as a JavaScript engine does not hold up the events of others. */
import t from 'tap';
import { DEFAULT_LIMITS } from '../../runtime/index.js';
import { Attacked, attack, isInstalled, MiB } from '../runtime/attacks/attacked.js';
import { largeComponent } from '../runtime/attacks/large-component.js';
import { taskComponent } from '../runtime/wat-component.js';

t.setTimeout(120_000);

/** The event loop's delay, 99th percentile, on a machine that has nothing else to do. */
const DELAY_P99_MS = 20;

/** Each time with another component; the best counts: the machine may be busy with something else. */
const TRIES = 4;

t.test(
  `while 12 MB are deployed, runs of another task complete, and the event loop's p99 is under ${DELAY_P99_MS} ms`,
  async (t) => {
    const attacked = await Attacked.start(t);
    const task = await attacked.install(await taskComponent());
    if (!isInstalled(task)) throw new Error(task.message);
    let best = Infinity;
    for (let tried = 0; tried < TRIES && best >= DELAY_P99_MS; tried++) {
      const component = await largeComponent(tried);
      t.ok(component.length > 12 * MiB, `${component.length} bytes`);
      await attacked.measure();
      const runMs = await attacked.installMeanwhile(component, DEFAULT_LIMITS, attack(task));
      const { delayP99Ms, delayMaxMs } = await attacked.measure();
      best = Math.min(best, delayP99Ms);
      const sorted = runMs.toSorted((a, b) => a - b);
      const [p50 = 0, p99 = 0, max = 0] = [0.5, 0.99, 1].map((part) => sorted[Math.ceil(sorted.length * part) - 1]);
      t.comment(`delay: p99 ${delayP99Ms.toFixed(1)} ms, at most ${delayMaxMs.toFixed(1)} ms`);
      t.comment(`${runMs.length} runs: p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, at most ${max.toFixed(1)} ms`);
      t.ok(runMs.length > 20, `${runMs.length} runs completed meanwhile`);
    }
    t.ok(best < DELAY_P99_MS, `${best.toFixed(1)} ms`);
  },
);
