/** Runs that stand still, so that more urgent ones have their threads. */
import t from 'tap';
import { until } from '../../runtime/eventually.js';
import { longToml, probeToml, realHub } from './real-hub.js';

t.setTimeout(170_000);

/** Turns of the loop: a second of work on a machine that has nothing else to do. */
const LONG = 500_000_000;

/** More than any test waits for. */
const FOREVER = '90000000000';

const LOW = '[schedule]\npriority = 1\n';
const HIGH = '[schedule]\npriority = 9\n';

const LONG_AND_URGENT = { long: longToml('long', LOW), urgent: probeToml('urgent', HIGH) };

t.test('a run is parked for those that are more urgent: they do not wait for it', async (t) => {
  const { send, tells, told, hub, runOf } = await realHub(t, { tasks: LONG_AND_URGENT });
  send('long/turn/a', FOREVER);
  await until('it executes', 20_000, () => hub.currentRuns.list()[0]?.where === 'thread');
  for (let i = 0; i < 3; i++) {
    send('urgent/turn/a', '10');
    await until('the urgent one is over', 20_000, () => told().filter((one) => one === 'urgent completed').length > i);
  }
  t.ok(told().includes('long parked: priority'));
  t.same(hub.currentRuns.cancel(runOf('long')), { ok: true });
  await tells('long cancelled');
});

t.test('a run that was parked goes on, and says what it would have said', async (t) => {
  const { send, tells, told, link, hub } = await realHub(t, { tasks: LONG_AND_URGENT });
  const isParked = (): boolean => told().includes('long parked: priority');
  const said: string[] = [];
  // One that was over before the urgent one came is followed by one that takes longer.
  for (let turns = LONG; !isParked(); turns *= 4) {
    const before = said.length;
    send('long/turn/a', String(turns));
    await until('it executes', 20_000, () => hub.currentRuns.list()[0]?.where === 'thread');
    send('urgent/turn/a', '10');
    await until('all is published', 90_000, () => link.published.length === before + 2);
    said.push(...(isParked() ? ['10', String(turns)] : [String(turns), '10']));
  }
  await tells('long completed');
  t.ok(told().includes('long resumed'));
  t.strictSame(
    link.published.map(({ payload }) => Buffer.from(payload).toString()),
    said,
  );
});

t.test('no run is parked for one that is no more urgent', async (t) => {
  const { send, tells, told, hub } = await realHub(t, {
    tasks: { long: longToml('long'), same: probeToml('same', '') },
  });
  send('long/turn/a', String(LONG));
  await until('it executes', 20_000, () => hub.currentRuns.list()[0]?.where === 'thread');
  send('same/turn/a', '10');
  await tells('same completed', 60_000);
  await tells('long completed', 60_000);
  t.notOk(told().some((one) => one.startsWith('long parked')));
});

t.test('of two, the less urgent one is parked, and its key is not another run’s meanwhile', async (t) => {
  const { send, tells, told, hub, runOf } = await realHub(t, {
    tasks: {
      low: longToml('low', LOW),
      middle: longToml('middle', '[schedule]\npriority = 3\n'),
      urgent: probeToml('urgent', HIGH),
    },
    threads: 2,
  });
  send('low/turn/a', FOREVER);
  send('middle/turn/a', FOREVER);
  await until(
    'both execute',
    20_000,
    () => hub.currentRuns.list().filter(({ where }) => where === 'thread').length === 2,
  );
  const first = runOf('low');
  send('low/turn/a', '10');
  send('urgent/turn/a', '10');
  await tells('urgent completed');
  t.ok(told().includes('low parked: priority'));
  t.notOk(told().includes('middle parked: priority'));
  await tells('low resumed');
  t.equal(runOf('low'), first);
  t.notOk(told().includes('low completed'), 'the next of its key waits');
  for (const run of [first, runOf('middle')]) t.same(hub.currentRuns.cancel(run), { ok: true });
  await tells('low completed');
  await tells('middle cancelled');
});

t.test('a run that cannot stand still gets a thread of its own, and no more than two do', async (t) => {
  const { send, tells, told, hub } = await realHub(t, {
    tasks: { stuck: probeToml('stuck', HIGH), quick: probeToml('quick', '') },
  });
  for (const key of ['a', 'b', 'c']) send(`stuck/turn/${key}`, FOREVER);
  await until('two have one', 20_000, () => told().filter((one) => one === 'stuck set apart').length === 2);
  const where = hub.currentRuns.list().map((one) => one.where);
  t.strictSame(where.filter((one) => one === 'own-thread').length, 2);
  for (const { runId } of hub.currentRuns.list()) t.same(hub.currentRuns.cancel(runId), { ok: true });
  await until('they are over', 20_000, () => told().filter((one) => one === 'stuck cancelled').length === 3);
  send('quick/turn/a', '10');
  await tells('quick completed');
});

t.test('one endless run that cannot stand still holds nobody up', async (t) => {
  const { send, tells, runtime, hub, runOf } = await realHub(t, {
    tasks: { stuck: probeToml('stuck', ''), quick: probeToml('quick', '') },
  });
  send('stuck/turn/a', FOREVER);
  await until('it executes', 20_000, () => hub.currentRuns.list()[0]?.where === 'thread');
  send('quick/turn/a', '10');
  await tells('quick completed');
  t.equal(hub.currentRuns.list()[0]?.where, 'own-thread');
  hub.currentRuns.cancel(runOf('stuck'));
  await tells('stuck cancelled');
  await until('its thread is gone', 30_000, () => runtime.occupancy.apart.length === 0);
  t.equal(runtime.occupancy.threads, 1);
});
