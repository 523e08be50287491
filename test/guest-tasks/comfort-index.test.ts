/** A task in JavaScript, engine and all, in a real runtime. */
import t from 'tap';
import { builtTask } from '../runtime/built-task.js';
import { startRuntime } from '../runtime/started-runtime.js';

t.setTimeout(120_000);

const { install } = await startRuntime(t, { threads: 1 });
const run = await install(await builtTask('guest-tasks/javascript/comfort-index'));
const reading = (payload: string) => run({ topic: 'zigbee2mqtt/bath/climate', captures: { room: 'bath' }, payload });

t.test('a reading becomes an index and a word for it', async (t) => {
  for (const [temperature, humidity, index, feels] of [
    [30, 15, 28, 'comfortable'],
    [30, 70, 41, 'oppressive'],
    [10, 50, 7.9, 'cool'],
    [40, 100, 75.5, 'dangerous'],
  ] as const) {
    const { outcome, effects } = await reading(JSON.stringify({ temperature, humidity }));
    t.strictSame(outcome, { kind: 'completed' });
    t.match(effects, [{ kind: 'publish', topic: 'comfort/bath', qos: 1, retain: false }]);
    const [effect] = effects;
    if (effect?.kind === 'publish') t.strictSame(JSON.parse(Buffer.from(effect.payload).toString()), { index, feels });
  }
});

t.test('what is no reading is told to the log and has no effect', async (t) => {
  for (const payload of [
    '',
    'x',
    '{}',
    '[]',
    'null',
    '{"temperature":"20","humidity":50}',
    '{"temperature":20,"humidity":101}',
  ]) {
    const { outcome, effects, log } = await reading(payload);
    t.strictSame([outcome, effects], [{ kind: 'completed' }, []], payload);
    t.match(log, [{ level: 'warn', context: 'stderr', message: 'no reading on zigbee2mqtt/bath/climate' }]);
  }
});

t.test('the same event takes the same fuel, and finds memory as it was', async (t) => {
  const used = new Set<number>();
  for (let i = 0; i < 4; i++) used.add((await reading('{"temperature":21,"humidity":40}')).usage.fuel);
  t.equal(used.size, 1);
});
