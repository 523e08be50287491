/** What was acknowledged and finds its task's queue full is kept, unless the manifest says that it need not be. */
import t, { type Test } from 'tap';
import { textOf } from '../failing-hub.js';
import { testHub, turns, type TestHub } from '../hub-under-test.js';

const SLOW = 'name = "slow"\n[[trigger]]\ntopic = "x"\n[schedule]\nkey = false\nconcurrency = 1\n[limits]\nqueue = 2\n';

const letters = ({ hub }: TestHub): string[] =>
  hub.control.letters
    .list({ limit: 100 })
    .map(({ id, reason }) => `${id.kind}-${id.number} ${reason}`)
    .toReversed();

/** A hub that was sent the events 1 to 5 at once, of which one runs and two wait. */
async function crowded(t: Test, limits = ''): Promise<TestHub> {
  const hub = await testHub(t, { tasks: { slow: SLOW + limits }, drainMs: 0 });
  for (const n of [1, 2, 3, 4, 5]) hub.link.deliver('x', { payload: Buffer.from(`${n}`) });
  await turns();
  return hub;
}

async function answerAll({ hub, runtime }: TestHub): Promise<void> {
  while (hub.runs > 0) {
    runtime.answer();
    await turns();
  }
}

t.test('an event above QoS 0 that its task has no room for becomes a dead letter, and can be sent back', async (t) => {
  const hub = await crowded(t);
  t.same(letters(hub), ['run-1 task-queue-full', 'run-2 task-queue-full']);
  t.match(
    hub.seen.filter(({ kind }) => kind === 'event-refused'),
    [{ isKept: true }, { isKept: true }],
  );
  const letter = hub.hub.control.letters.get({ kind: 'run', number: 1 });
  t.match(letter, { evidence: /2 events waited for \\?"slow\\?", which is its limits\.queue/ });
  t.match(await hub.hub.control.letters.redriveAll('slow'), { redriven: 0, left: 2, reason: /as many runs/ });
  await answerAll(hub);
  t.match(await hub.hub.control.letters.redriveAll('slow'), { redriven: 2, left: 0 });
  await answerAll(hub);
  t.same(hub.runtime.started.map(textOf), ['1', '2', '3', '4', '5']);
});

t.test('it is one at QoS 0 neither, nor where the manifest says "drop-newest"', async (t) => {
  const dropping = await crowded(t, 'overflow = "drop-newest"\n');
  t.same(letters(dropping), []);
  t.equal(dropping.hub.counts.refused['task-queue-full'], 2);
  const keeping = await crowded(t);
  keeping.link.deliver('x', { payload: Buffer.from('fleeting'), qos: 0 });
  await turns();
  t.equal(letters(keeping).length, 2);
  t.equal(keeping.hub.counts.refused['task-queue-full'], 3);
});
