import t from 'tap';
import { LOOP_BOUNDS } from '../../../hub/loops/limits.js';
import { readChain, writeChain } from '../../../hub/loops/index.js';
import { hubUnderTest, turns } from '../hub-under-test.js';

t.test('a chain is read as it was written', (t) => {
  for (const chain of [['a'], ['fan', 'thermostat-2', 'fan']]) t.same(readChain(writeChain(chain)), chain);
  t.same(readChain(undefined), []);
  t.end();
});

t.test('of a chain that is too long, the latest names go with the message', (t) => {
  const many = Array.from({ length: LOOP_BOUNDS.chainLength + 1 }, (_, i) => `t${i}`);
  t.same(readChain(writeChain(many)), many.slice(1));
  const long = Array.from({ length: 100 }, (_, i) => `t${i}-${'x'.repeat(58)}`);
  const written = writeChain(long);
  t.ok(written.length <= LOOP_BOUNDS.chainCharacters);
  t.ok(written.length > LOOP_BOUNDS.chainCharacters - 64);
  t.same(readChain(written), long.slice(-readChain(written).length));
  t.end();
});

t.test('what no hub could have written is no chain', (t) => {
  const tooMany = Array.from({ length: LOOP_BOUNDS.chainLength + 1 }, () => 'a').join(',');
  const tooLong = 'a'.repeat(LOOP_BOUNDS.chainCharacters + 1);
  for (const text of ['', ',', 'a,', 'A', 'a b', '../a', 'a\n', tooMany, tooLong])
    t.same(readChain(text), [], text.slice(0, 20));
  t.end();
});

const LOOP = '[[trigger]]\ntopic = "x"\n[limits]\nhops = 2\n';

t.test('an event that says that it came of the task too often is cut, and no other', async (t) => {
  const { link, seen, started } = await hubUnderTest(t, LOOP);
  link.deliver('x', { chain: 'task,other,task,task' });
  await turns();
  t.match(
    seen.filter(({ kind }) => kind === 'event-dropped'),
    [{ reason: 'loop', chain: ['task', 'other', 'task', 'task'] }],
  );
  link.deliver('x', { chain: 'task,task' });
  link.deliver('x', { chain: 'Task,task,task,task,task' });
  link.deliver('x');
  await turns();
  t.equal(seen.filter(({ kind }) => kind === 'event-dropped').length, 1);
  t.equal(seen.filter(({ kind }) => kind === 'event-received').length, 4);
  t.equal(started().length, 3, 'the others run');
});

t.test('what a run publishes carries the chain that led to it, and its own task', async (t) => {
  const { link, answer } = await hubUnderTest(t, `${LOOP}[grants]\npublish = ["y"]\n`);
  link.deliver('x', { chain: 'other,task' });
  await turns();
  answer('', { effects: [{ kind: 'publish', topic: 'y', payload: Buffer.from('1'), qos: 1, retain: false }] });
  for (let i = 0; link.published.length === 0 && i < 1_000; i++) await turns();
  t.match(link.published, [{ topic: 'y', origin: { source: 'task', chain: 'other,task,task' } }]);
});
