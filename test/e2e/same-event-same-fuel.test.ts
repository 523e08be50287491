/** What a run uses up depends on the event, and on nothing else. */
import t from 'tap';
import { builtTask } from '../runtime/built-task.js';
import { until, within } from '../runtime/eventually.js';
import type { Asked } from '../runtime/run-request.js';
import { startRuntime } from '../runtime/started-runtime.js';
import { ThreadWitness } from '../runtime/thread-witness.js';

t.setTimeout(120_000);

const thermostat = await builtTask('guest-tasks/thermostat');
const probe = await builtTask('test/fixtures/guests/probe');
const cold: Asked = { captures: { room: 'hall' }, payload: '{"temperature":18}' };
const turns: Asked = { captures: { what: 'turn' }, payload: '100000' };

t.test('the same event takes the same fuel again, and in a fresh runtime with a fresh cache', async (t) => {
  const fuels: number[] = [];
  for (let i = 0; i < 2; i++) {
    const { runtime, install } = await startRuntime(t, { threads: 1 });
    const [heats, counts] = [await install(thermostat), await install(probe)];
    for (let again = 0; again < 3; again++) {
      const results = [await heats(cold), await counts(turns)];
      for (const { outcome } of results) t.equal(outcome.kind, 'completed');
      fuels.push(...results.map(({ usage }) => usage.fuel));
    }
    await runtime.close();
  }
  t.strictSame(new Set(fuels).size, 2, `of each task there is one number: ${fuels.join(', ')}`);
});

t.test('the same event takes the same fuel on two threads', async (t) => {
  const witness = new ThreadWitness();
  const { install } = await startRuntime(t, { threads: 2, witness });
  const run = await install(probe);
  // The first waits in its read of "1 2" until somebody reads "2 1": its thread cannot have the second.
  const counting = (key: string) => run({ captures: { what: 'count' }, payload: key });
  const running = counting('1 2');
  await until('the first run executes', 20_000, () => witness.thread(1) !== undefined);
  const [first, second] = await within('both runs', 20_000, Promise.all([running, counting('2 1')]));
  for (const { outcome } of [first, second]) t.equal(outcome.kind, 'completed');
  const [here, there] = [witness.thread(1), witness.thread(2)];
  t.ok(here !== undefined && there !== undefined && here !== there, `threads ${here} and ${there}`);
  t.equal(second.usage.fuel, first.usage.fuel);
});

t.test('how much else a thread does in between changes nothing', async (t) => {
  const { install } = await startRuntime(t, { threads: 2 });
  const [heats, counts] = [await install(thermostat), await install(probe)];
  const alone = await heats(cold);
  const together = await Promise.all(
    Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? heats(cold) : counts(turns))),
  );
  const fuels = together.filter((_, i) => i % 2 === 0).map(({ usage }) => usage.fuel);
  t.strictSame([...new Set(fuels)], [alone.usage.fuel]);
});
