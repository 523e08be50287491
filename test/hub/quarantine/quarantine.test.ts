/** A task that keeps failing is held, and nobody else notices, in a hub with real parts. */
import t from 'tap';
import { noCounts } from '../../../hub/counts.js';
import type { Observation } from '../../../hub/observations.js';
import { parseManifest } from '../../../hub/manifest/index.js';
import { Quarantine } from '../../../hub/quarantine/index.js';
import type { StoredQuarantine } from '../../../hub/store/index.js';
import { virtualTimer } from '../virtual-timer.js';
import { failingHub, asSaid, textOf } from '../failing-hub.js';
import { turns } from '../hub-under-test.js';

const COOL_DOWN = 30_000;
const TASK = `version = "1.0.0"
name = "task"
[[trigger]]
topic = "x/{n}"
[retry]
attempts = 1
[quarantine]
failures = 3
coolDown = "30 s"
`;
const OTHER = 'name = "other"\n[[trigger]]\ntopic = "x/#"\n';
const version = (lines: string): string => lines.replace('version = "1.0.0"\n', '');

t.test('a task whose runs are given up in a row is held; its events wait, and others go on', async (t) => {
  const hub = await failingHub(t, {
    tasks: { task: version(TASK), other: OTHER },
    behave: (request) => (request.task === 'other' ? {} : asSaid(request)),
  });
  for (const text of ['failed 1', 'failed 2', 'failed 3', 'a', 'b']) await hub.send('x/a', text);
  t.match(hub.ofKind('task-quarantined'), [{ task: 'task', failures: 3, trips: 1, untilMs: hub.clock() + COOL_DOWN }]);
  t.match(hub.hub.control.tasks[1], { name: 'task', waiting: 2, quarantine: { state: 'open' } });
  t.equal(hub.ofKind('run-finished').filter(({ task }) => task === 'other').length, 5);
  await hub.pass(COOL_DOWN - 1);
  t.equal(hub.hub.runs, 2);
  await hub.pass(1);
  t.match(hub.ofKind('task-released'), [{ task: 'task', reason: 'recovered' }]);
  t.equal(hub.hub.runs, 0, 'the probe completed, and the rest followed');
  t.equal(hub.hub.counts.quarantined, 1);
});

t.test('one probe runs after the cool-down, which doubles when that fails', async (t) => {
  const hub = await failingHub(t, { tasks: { task: version(TASK).replace('attempts = 1', 'attempts = 3') } });
  for (let i = 0; i < 3; i++) await hub.send('x/a', 'denied');
  for (const text of ['failed 1', 'failed 2', 'c']) await hub.send('x/a', text);
  t.equal(hub.tried().length, 3);
  await hub.pass(COOL_DOWN);
  t.same(hub.tried().slice(3), ['failed 1 1'], 'one, the oldest');
  t.equal(hub.hub.counts.retried, 0, 'which is not tried again');
  await hub.pass(2 * COOL_DOWN - 1);
  t.equal(hub.tried().length, 4);
  await hub.pass(1);
  t.same(hub.tried().slice(4), ['failed 2 1']);
  await hub.pass(4 * COOL_DOWN);
  t.same(hub.tried().slice(5), ['c 1']);
  t.equal(hub.hub.counts.buried, 5);
  t.equal(hub.hub.control.tasks[0]?.quarantine, undefined);
});

t.test('a probe that decides nothing leaves its place to the next', async (t) => {
  const hub = await failingHub(t, { tasks: { task: `${version(TASK)}[schedule]\nttl = "40 s"\n` } });
  for (let i = 0; i < 3; i++) await hub.send('x/a', 'failed');
  await hub.pass(COOL_DOWN - 25_000);
  await hub.pass(25_000);
  t.equal(hub.hub.control.tasks[0]?.quarantine?.state, 'half-open', 'it waits for an event');
  await hub.send('x/a', 'cancelled 1');
  await hub.send('x/a', 'failed 2');
  t.equal(hub.hub.control.tasks[0]?.quarantine?.state, 'open', 'the second one decided');
  await hub.send('x/a', 'too old by then');
  await hub.pass(2 * COOL_DOWN);
  t.equal(hub.hub.counts.dropped.expired, 1);
  await hub.send('x/a', 'good');
  t.equal(hub.hub.control.tasks[0]?.quarantine, undefined);
});

t.test('one poisonous device among others does not hold the task', async (t) => {
  const hub = await failingHub(t, { tasks: { task: version(TASK) } });
  for (let i = 0; i < 20; i++) {
    await hub.send('x/poison', 'failed');
    await hub.send('x/good', 'fine');
  }
  t.match(hub.hub.counts, { quarantined: 0, buried: 20, runs: { completed: 20 } });
});

t.test('a quarantine is kept over a restart; another version is released, and so is one by hand', async (t) => {
  const first = await failingHub(t, { tasks: { task: version(TASK) } });
  for (const text of ['failed', 'failed', 'failed', 'waits']) await first.send('x/a', text);
  await first.pass(10_000);
  t.equal(await first.hub.close(), 0, 'what it holds is kept');

  const second = await failingHub(t, {
    tasks: { task: version(TASK) },
    before: { dir: first.dir, atMs: first.clock() + 5_000 },
  });
  await second.pass(14_999);
  t.same(second.tried(), []);
  t.match(second.hub.control.tasks[0]?.quarantine, { state: 'open', failures: 3, trips: 1 });
  await second.hub.close();

  // The folder's name is the component: the manifest is another, as its version is.
  const third = await failingHub(t, {
    tasks: { task: version(TASK).replace('name = "task"', 'name = "task"\ndescription = "the same"') },
    before: { dir: first.dir, atMs: second.clock() },
  });
  await turns();
  t.same(third.tried(), [], 'its version is what counts');
  t.equal(third.hub.control.release('task'), true);
  await turns();
  t.same(third.tried(), ['waits 1']);
  t.match(third.ofKind('task-released'), [{ reason: 'by-hand' }]);
  t.equal(third.hub.control.release('task'), false);
  t.equal(third.hub.control.release('none'), undefined);
});

t.test('what was known of a version is forgotten with it', (t) => {
  const timer = virtualTimer();
  const [seen, notes, admitted]: [Observation[], StoredQuarantine[], number[]] = [[], [], []];
  const quarantine = new Quarantine({
    journal: { note: (one) => void notes.push(one) },
    timer,
    clock: () => 5_000,
    counts: noCounts(),
    observe: (one) => void seen.push(one),
    admit: (_task, runs) => void admitted.push(runs),
    released: () => undefined,
  });
  const parsed = parseManifest(TASK, 'task.toml');
  if (!parsed.ok) return t.fail('the manifest is wrong');
  const installed = { key: 'k', digest: 'd', imports: [], initialMemoryBytes: 0, startFuel: 0 };
  const task = { manifest: parsed.manifest, installed, toml: '' };
  for (let i = 0; i < 3; i++) quarantine.ended(task, 'given-up', false);
  t.match(quarantine.statusOf(task), { state: 'open' });
  t.equal(timer.pending, 1);
  quarantine.replaced(task);
  t.equal(quarantine.statusOf(task), undefined);
  t.equal(timer.pending, 0, 'nothing waits for its cool-down');
  t.match(seen, [{ kind: 'task-quarantined' }, { kind: 'task-released', reason: 'changed' }]);
  t.match(notes.at(-1), { task: 'task', failures: 0 });
  t.same(admitted.at(-1), Infinity);
  return t.end();
});

t.test('a task that fails in every way at once stops nobody: a good one beside it loses nothing', async (t) => {
  const words = [
    'failed',
    'trapped',
    'out-of-fuel',
    'out-of-memory',
    'deadline',
    'output-limit',
    'denied',
    'cancelled',
  ];
  const done: string[] = [];
  const hub = await failingHub(t, {
    tasks: { task: version(TASK).replace('attempts = 1', 'attempts = 2'), other: OTHER },
    behave: (request) => {
      if (request.task === 'other') done.push(textOf(request));
      return request.task === 'other' ? {} : asSaid(request);
    },
  });
  const sent: string[] = [];
  for (let i = 0; i < 200; i++) {
    const text = `${words[i % words.length]} ${i}`;
    sent.push(text);
    hub.link.deliver(`x/d${i % 7}`, { payload: Buffer.from(text), qos: i % 3 === 0 ? 0 : 1 });
    if (i % 10 === 0) await hub.pass(100);
  }
  await turns();
  t.same(done.toSorted(), sent.toSorted());
  t.equal(hub.hub.control.tasks.find(({ name }) => name === 'task')?.quarantine?.state, 'open');
  // One probe after the other takes hours.
  for (let i = 0; i < 250; i++) await hub.pass(3_600_000);
  const ofTask = hub.ofKind('run-finished').filter(({ task }) => task === 'task');
  t.equal(hub.hub.runs, 0);
  t.equal(ofTask.length, 200, 'and each event of the failing one ended once');
  t.equal(hub.hub.counts.buried, 175);
});
