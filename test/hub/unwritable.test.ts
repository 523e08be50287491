/** A run that wants what cannot be written fails by itself: the hub and the other tasks go on. */
import t from 'tap';
import { until } from '../runtime/eventually.js';
import { failingHub, textOf } from './failing-hub.js';

const MANIFEST = '[[trigger]]\ntopic = "t"\n[retry]\nattempts = 2\n[grants.buckets]\ndefault = "read-write"\n';

t.test('it is tried again and becomes a dead letter; what ended with it has its effects', async (t) => {
  const { hub, link, send, pass, ofKind } = await failingHub(t, {
    tasks: { bad: `name = "bad"\n${MANIFEST}`, good: `name = "good"\n${MANIFEST}` },
    behave: (request) => {
      const [bucket = ''] = Object.values(request.grants.buckets).map(({ id }) => id);
      // No bytes: SQLite takes nothing of the kind.
      const value = bucket.includes('bad') && textOf(request) === 'poison' ? { length: 1 } : Buffer.from('x');
      return { effects: [{ kind: 'set', bucket, key: 'k', value: value as Uint8Array }] };
    },
  });
  await send('t', 'poison');
  await pass(2_000);
  t.match(ofKind('run-buried'), [{ task: 'bad', attempts: 2 }]);
  const outcomes = (): string[] => ofKind('run-finished').map(({ task, outcome }) => `${task} ${outcome.kind}`);
  t.strictSame(outcomes(), ['good completed', 'bad failed']);
  t.match(ofKind('run-finished')[1]?.outcome, { message: /its writes were refused: Cannot write to the store/ });
  await send('t', 'fine');
  t.strictSame(outcomes().slice(2).toSorted(), ['bad completed', 'good completed']);
  await until('both are acknowledged', 20_000, () => link.acknowledged.length === 2);
  t.match(hub.control.letters.list({ limit: 9 }), [{ task: 'bad', reason: 'failed' }]);
});
