/** Tasks in C, built as guest-tasks/README.md says, by the clang of the system. */
import t from 'tap';
import { startRuntime } from '../runtime/started-runtime.js';
import { compiled, skips } from './c-compiler.js';

t.setTimeout(120_000);

t.test('C without a standard library is a task', { skip: skips.freestanding }, async (t) => {
  const { install } = await startRuntime(t, { threads: 1 });
  const task = await compiled(t, 'freestanding');
  const run = await install(task);
  for (const payload of ['', 'grüß 😀', 'x'.repeat(200_000)]) {
    const { outcome, effects } = await run({ topic: 'in/ä', payload });
    t.strictSame(outcome, { kind: 'completed' });
    t.match(effects, [{ kind: 'publish', topic: 'echo/in/ä' }]);
    const [effect] = effects;
    if (effect?.kind === 'publish') t.equal(Buffer.from(effect.payload).toString(), payload);
  }
});

t.test(
  'C with its standard library finds nothing of the machine, and prints to the log',
  { skip: skips.libc },
  async (t) => {
    const { install } = await startRuntime(t, { threads: 1 });
    const task = await compiled(t, 'libc');
    const run = await install(task);

    const looked = await run({ payload: 'look' });
    t.strictSame(looked.outcome, { kind: 'completed' });
    t.strictSame(looked.log.map(({ level, context, message }) => `${level} ${context}: ${message}`).toSorted(), [
      'info stdout: HOME is not set',
      'info stdout: a file is not opened',
      'info stdout: standard input is at its end: 1',
      'info stdout: the year is 2026',
      'warn stderr: no newline',
    ]);
    const again = await run({ payload: 'look' });
    t.strictSame([again.log, again.usage.fuel], [looked.log, looked.usage.fuel], 'each event begins anew');

    t.strictSame((await run({ payload: 'fail' })).outcome, { kind: 'failed', message: 'as it was told' });
    t.match((await run({ payload: 'exit' })).outcome, { kind: 'failed', message: /called exit/ });
    t.match((await run({ payload: 'abort' })).outcome, { kind: 'trapped', reason: 'unreachable' });
    t.match((await run({ payload: 'sleep' })).outcome, { kind: 'denied', message: /cannot wait for a clock/ });
    t.strictSame(
      (await run({ payload: 'hoard' })).outcome,
      { kind: 'completed' },
      'malloc answers with NULL at the limit',
    );
    t.strictSame((await run({ payload: '' })).outcome, { kind: 'completed' });
  },
);
