/** A run that has begun when its task gets another version ends on its own, also where the next hub is the first to have that. */
import t from 'tap';
import { until } from '../../runtime/eventually.js';
import { longToml, realHub, type RealHub } from './real-hub.js';

t.setTimeout(170_000);

/** Turns of the loop: a second on a machine that has nothing else to do. */
const LONG = '500000000';

const said = ({ link }: RealHub): string[] => link.published.map(({ payload }) => Buffer.from(payload).toString());

t.test('it stands still as it did, and ends on its version before the new one begins', async (t) => {
  const first = await realHub(t, { tasks: { long: longToml('long') } });
  first.send('long/turn/a', LONG);
  await until('it has a thread', 30_000, () => first.hub.currentRuns.list()[0]?.where === 'thread');
  const run = first.runOf('long');
  t.same(await first.hub.currentRuns.park(run), { ok: true });
  await first.hub.close();

  const newer = longToml('long').replace('1.0.0', '2.0.0').replace('100G', '200G');
  const next = await realHub(t, { tasks: { long: newer }, dir: first.dir });
  next.send('long/turn/a', '10');
  t.match(next.hub.currentRuns.list(), [{ runId: run, version: '1.0.0', where: 'disk', reason: 'by-hand' }]);
  t.same(next.hub.currentRuns.resume(run), { ok: true });
  await until('both are published', 120_000, () => said(next).length === 2);
  t.strictSame(said(next), [LONG, '10']);
  t.equal(next.told()[0], 'long resumed from an earlier hub');
  t.notOk(next.told().some((told) => told.startsWith('long restarted')));
});
