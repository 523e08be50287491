/** Runs that moved here take turns with what other hubs want executed. */
import t from 'tap';
import { newSigningKey } from '../../../provider/protocol/index.js';
import { builtTask } from '../../runtime/built-task.js';
import { providerUnderTest } from '../provider-under-test.js';
import { RawHub, runOf, specOf } from '../raw-hub.js';
import { longRun, RUN, TASK } from './long-run.js';
import { MovingHub, offer, TERMS } from './moving-hub.js';

t.setTimeout(110_000);

t.test('a long run that moved stands still while a run of another hub is executed, and goes on', async (t) => {
  const run = await longRun(t, 20);
  const { component } = await builtTask('test/fixtures/guests/counter');
  const times = { helloMs: 5_000, heartbeatMs: 1_000, leaseMs: 120_000 };
  const provider = await providerUnderTest(t, { threads: 1, times });
  const other = new RawHub(await provider.invite(), newSigningKey());
  t.teardown(() => other.cut());
  await other.open();
  await other.configure(1, [specOf('counter', component)], component);
  await other.next('ready');
  const hub = new MovingHub(await provider.invite(), newSigningKey());
  t.teardown(() => hub.cut());
  // Some minutes of work, with no point before its end but those that the provider makes of itself.
  const config = { starts: '100000' };
  await hub.open([{ ...run.spec, config }], run.component);
  const terms = { ...TERMS, pointMs: 3_600_000, mode: 'asynchronous' } as const;
  const id = `${RUN}#1`;
  hub.say(id, TASK, offer({ mode: 'asynchronous' }), { content: { anchor: await run.begun({ config }) }, terms });
  const taken = await hub.hearA('point');
  hub.say(id, TASK, { type: 'held', epoch: 1, point: taken.message.point }, { terms });
  for (let n = 1; n <= 3; n++) {
    other.send({ type: 'runs', runs: [runOf(n, 'counter')] });
    t.match((await other.next('outcomes')).outcomes, [{ n, outcome: { kind: 'completed' } }]);
  }
  const { message } = await hub.hearA('point');
  t.match(message, { epoch: 1, end: false }, 'it stood still meanwhile');
  hub.say(id, TASK, { type: 'over' });
  await hub.said(id);
});
