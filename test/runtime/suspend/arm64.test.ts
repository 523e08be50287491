/** Checkpoints cross to another processor architecture and come back. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { t } from 'tap';
import { describeCheckpoint } from '../../../runtime/index.js';
import { builtTask } from '../built-task.js';
import { requestOf } from '../run-request.js';
import { arm64Machine } from './arm64-machine.js';
import { everywhere, HERE, partsOf } from './run-parts.js';
import { prepared } from './stepping.js';

const arm64 = await arm64Machine();
const skip = typeof arm64 === 'string' ? arm64 : false;
const there = typeof arm64 === 'string' ? HERE : arm64;

t.test('a run that goes to a 64-bit ARM and back is the run that stayed', { skip, timeout: 120_000 }, async (t) => {
  const task = await builtTask('guest-tasks/energy-window');
  await prepared(task.component, 'all', async ({ cacheDir, key }) => {
    const payload = '{"energy":12.5,"power":100}';
    const asked = { topic: 'zigbee2mqtt/kitchen/plug', captures: { meter: 'kitchen' }, payload };
    const part = partsOf({ cacheDir, key }, requestOf(task, { key }, asked));
    const checkpoint = join(cacheDir, 'parts');
    const whole = await part({ on: HERE, checkpoint: join(cacheDir, 'whole'), slices: 1_000_000 });
    if (whole === 'left') throw new Error('nobody asked it to stop');
    t.equal(whole.outcome.kind, 'completed');

    const fuel: number[] = [];
    for (const on of [HERE, there, HERE]) {
      t.equal(await part({ on, checkpoint, slices: 3 }), 'left');
      fuel.push(describeCheckpoint(await readFile(checkpoint)).fuel);
    }
    t.ok(
      (fuel[0] ?? 0) < (fuel[1] ?? 0) && (fuel[1] ?? 0) < (fuel[2] ?? 0),
      `it went on each time: ${fuel.join(', ')}`,
    );
    const ended = await part({ on: there, checkpoint, slices: 1_000_000 });
    if (ended === 'left') throw new Error('nobody asked it to stop');
    t.strictSame(everywhere(ended), everywhere(whole));
  });
});
