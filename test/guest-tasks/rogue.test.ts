import t from 'tap';
import { openTask } from './task-under-test.js';

/** Each rogue task and the one outcome it may have, with what marks it. */
const rogues = [
  ['spin', { kind: 'out-of-fuel' }],
  ['hoard', { kind: 'out-of-memory' }],
  ['recurse', { kind: 'trapped', reason: 'call-depth' }],
  ['trap', { kind: 'trapped' }],
  ['flood', { kind: 'output-limit' }],
  ['fill', { kind: 'out-of-fuel' }],
  ['peek', { kind: 'denied' }],
] as const;

for (const [name, outcome] of rogues) {
  t.test(`${name} ends as ${outcome.kind} and has no effect`, async (t) => {
    const task = await openTask(`guest-tasks/rogue/${name}`);
    t.teardown(() => task.close());
    t.equal(task.manifest.triggers[0]?.pattern.filter, `rogue/${name}/poke`);
    for (const attempt of ['first', 'second']) {
      const result = await task.send({ topic: `rogue/${name}/poke` });
      t.match(result.outcome, outcome, `${attempt} run`);
      t.same(result.effects, []);
    }
  });
}

t.test('an error thrown in a task reaches the log with message, file and line', async (t) => {
  const task = await openTask('guest-tasks/rogue/trap');
  t.teardown(() => task.close());
  const { log } = await task.send({});
  t.match(log, [{ level: 'critical', context: 'abort', message: /^a bug was here \(index\.ts:\d+:\d+\)$/ }]);
});
