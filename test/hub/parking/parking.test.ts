/** Runs that stand still, so that more urgent ones have their threads. */
import t from 'tap';
import { until } from '../../runtime/eventually.js';
import { longToml, probeToml, realHub } from './real-hub.js';

t.setTimeout(120_000);

/** Turns of the loop: some seconds of work. */
const LONG = '1000000000';

/** A part of that. */
const SHORTER = '300000000';

/** More than any test waits for. */
const FOREVER = '90000000000';

const LOW = '[schedule]\npriority = 1\n';
const HIGH = '[schedule]\npriority = 9\n';

t.test('a run is parked for one that is more urgent, goes on after it, and says what it would have said', async (t) => {
  const { send, tells, told, link, hub } = await realHub(t, {
    tasks: { long: longToml('long', LOW), urgent: probeToml('urgent', HIGH) },
  });
  send('long/turn/a', LONG);
  await until('it executes', 20_000, () => hub.currentRuns.list()[0]?.where === 'thread');
  for (let i = 0; i < 3; i++) {
    send('urgent/turn/a', '10');
    await until('the urgent one is over', 20_000, () => told().filter((one) => one === 'urgent completed').length > i);
    t.notOk(told().includes('long completed'), 'it did not wait for the long one');
  }
  await tells('long completed', 60_000);
  t.ok(told().includes('long parked: priority'));
  t.ok(told().includes('long resumed'));
  await until('all is published', 10_000, () => link.published.length === 4);
  t.strictSame(
    link.published.map(({ payload }) => Buffer.from(payload).toString()),
    ['10', '10', '10', LONG],
  );
});

t.test('no run is parked for one that is no more urgent', async (t) => {
  const { send, tells, told, hub } = await realHub(t, {
    tasks: { long: longToml('long'), same: probeToml('same', '') },
  });
  send('long/turn/a', SHORTER);
  await until('it executes', 20_000, () => hub.currentRuns.list()[0]?.where === 'thread');
  send('same/turn/a', '10');
  await tells('same completed', 60_000);
  await tells('long completed', 60_000);
  t.notOk(told().some((one) => one.startsWith('long parked')));
});

t.test('of two, the less urgent one is parked, and its key is not another run’s meanwhile', async (t) => {
  const { send, tells, told, hub } = await realHub(t, {
    tasks: {
      low: longToml('low', LOW),
      middle: longToml('middle', '[schedule]\npriority = 3\n'),
      urgent: probeToml('urgent', HIGH),
    },
    threads: 2,
  });
  send('low/turn/a', LONG);
  send('middle/turn/a', SHORTER);
  await until(
    'both execute',
    20_000,
    () => hub.currentRuns.list().filter(({ where }) => where === 'thread').length === 2,
  );
  send('low/turn/a', '10');
  send('urgent/turn/a', '10');
  await tells('urgent completed');
  t.ok(told().includes('low parked: priority'));
  t.notOk(told().includes('middle parked: priority'));
  await until('both of the key are over', 60_000, () => told().filter((one) => one === 'low completed').length === 2);
  t.equal(told().filter((one) => one.startsWith('low resumed')).length > 0, true);
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
  await until('its thread is gone', 10_000, () => runtime.occupancy.apart.length === 0);
  t.equal(runtime.occupancy.threads, 1);
});
