/** A task that misbehaves ends with its own outcome, and nobody else notices. */
import t from 'tap';
import type { Outcome } from '../../runtime/index.js';
import { builtTask } from '../runtime/built-task.js';
import { startRuntime, type Run } from '../runtime/started-runtime.js';

t.setTimeout(120_000);

const ROGUES: readonly (readonly [string, Partial<Outcome>])[] = [
  ['spin', { kind: 'out-of-fuel' }],
  ['hoard', { kind: 'out-of-memory' }],
  ['recurse', { kind: 'trapped', reason: 'call-depth' }],
  ['trap', { kind: 'trapped', reason: 'unreachable' }],
  ['flood', { kind: 'output-limit' }],
  ['fill', { kind: 'out-of-fuel' }],
  ['peek', { kind: 'denied' }],
];

// One thread, so that everything that follows a rogue is where it was.
const { install } = await startRuntime(t, { threads: 1 });
const good = await install(await builtTask('guest-tasks/thermostat'));

const cold = (run: Run) => run({ captures: { room: 'hall' }, payload: '{"temperature":18}' });
const before = await cold(good);

t.test('the good task does what it is for', (t) => {
  t.match(before.outcome, { kind: 'completed' });
  t.match(before.effects, [
    { kind: 'publish', topic: 'zigbee2mqtt/hall/radiator/set' },
    { kind: 'set', bucket: 'task/thermostat/default', key: 'hall' },
  ]);
  t.end();
});

for (const [name, outcome] of ROGUES) {
  t.test(`${name} ends as ${outcome.kind}, without effects, and the next on its thread is as before`, async (t) => {
    const rogue = await install(await builtTask(`guest-tasks/rogue/${name}`));
    for (const attempt of [1, 2]) {
      const result = await rogue({ attempt });
      t.match(result.outcome, outcome);
      t.strictSame(result.effects, []);
      const after = await cold(good);
      t.strictSame(after.outcome, before.outcome);
      t.strictSame(after.effects, before.effects);
      t.equal(after.usage.fuel, before.usage.fuel);
      t.equal(after.usage.peakMemoryBytes, before.usage.peakMemoryBytes);
    }
  });
}

t.test('in one batch with all of them, the good task is as before', async (t) => {
  const rogues: Run[] = [];
  for (const [name] of ROGUES) rogues.push(await install(await builtTask(`guest-tasks/rogue/${name}`)));
  const pairs = rogues.map((rogue) => [rogue(), cold(good)] as const);
  for (const [i, [rogue, neighbour]] of pairs.entries()) {
    t.match((await rogue).outcome, ROGUES[i]?.[1] ?? {});
    const { outcome, effects, usage } = await neighbour;
    t.strictSame([outcome, effects, usage.fuel], [before.outcome, before.effects, before.usage.fuel]);
  }
});
