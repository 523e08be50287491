/** A run whose every few slices execute in a process of their own. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { t } from 'tap';
import type { RunResult } from '../../../runtime/index.js';
import { builtTask } from '../built-task.js';
import { requestOf } from '../run-request.js';
import { prepared } from './stepping.js';

const run = promisify(execFile);
const PROCESS = fileURLToPath(new URL('./resume-process.js', import.meta.url));
const SLICE = 300;

t.test('each part of a run in a fresh process makes the same run', { timeout: 55_000 }, async (t) => {
  const task = await builtTask('guest-tasks/energy-window');
  await prepared(task.component, 'all', async ({ cacheDir, key }) => {
    const payload = Buffer.from('{"energy":12.5,"power":100}').toString('base64');
    const asked = { topic: 'zigbee2mqtt/kitchen/plug', captures: { meter: 'kitchen' } };
    const request = requestOf(task, { key }, asked);
    const text = JSON.stringify({ ...request, event: { ...request.event, payload } });
    const part = async (checkpoint: string, slices: number): Promise<RunResult | 'left'> => {
      const { stdout } = await run(process.execPath, [
        PROCESS,
        cacheDir,
        key,
        text,
        checkpoint,
        `${SLICE}`,
        `${slices}`,
      ]);
      return JSON.parse(stdout) as RunResult | 'left';
    };
    const whole = await part(join(cacheDir, 'whole'), 1_000_000);
    if (whole === 'left') throw new Error('nobody asked it to stop');
    t.equal(whole.outcome.kind, 'completed');
    const checkpoint = join(cacheDir, 'parts');
    let ended: RunResult | 'left' = 'left';
    let parts = 0;
    for (; ended === 'left'; parts++) ended = await part(checkpoint, 4);
    t.ok(parts > 2, `${parts} processes`);
    const { outcome, effects, reads, log, usage } = ended;
    t.same(
      { outcome, effects, reads, log },
      { outcome: whole.outcome, effects: whole.effects, reads: whole.reads, log: whole.log },
    );
    t.equal(usage.fuel, whole.usage.fuel);
    t.equal(usage.peakMemoryBytes, whole.usage.peakMemoryBytes);
  });
});
