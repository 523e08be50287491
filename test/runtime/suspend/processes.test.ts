/** A run whose every few slices execute in a process of their own. */
import { join } from 'node:path';
import { t } from 'tap';
import type { RunResult } from '../../../runtime/index.js';
import { builtTask } from '../built-task.js';
import { requestOf } from '../run-request.js';
import { everywhere, HERE, partsOf } from './run-parts.js';
import { prepared } from './stepping.js';

t.test('each part of a run in a fresh process makes the same run', { timeout: 55_000 }, async (t) => {
  const task = await builtTask('guest-tasks/energy-window');
  await prepared(task.component, 'all', async ({ cacheDir, key }) => {
    const payload = '{"energy":12.5,"power":100}';
    const asked = { topic: 'zigbee2mqtt/kitchen/plug', captures: { meter: 'kitchen' }, payload };
    const part = partsOf({ cacheDir, key }, requestOf(task, { key }, asked));
    const whole = await part({ on: HERE, checkpoint: join(cacheDir, 'whole'), slices: 1_000_000 });
    if (whole === 'left') throw new Error('nobody asked it to stop');
    t.equal(whole.outcome.kind, 'completed');
    const checkpoint = join(cacheDir, 'parts');
    let ended: RunResult | 'left' = 'left';
    let parts = 0;
    for (; ended === 'left'; parts++) ended = await part({ on: HERE, checkpoint, slices: 4 });
    t.ok(parts > 2, `${parts} processes`);
    t.strictSame(everywhere(ended), everywhere(whole));
  });
});
