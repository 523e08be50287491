/** Tasks come, change and go while a hub holds their events. */
import t from 'tap';
import type { Observation } from '../../../hub/observations.js';
import { until } from '../../runtime/eventually.js';
import { hubUnderTest, testHub, turns, type HubUnderTest } from '../hub-under-test.js';
import { deploy } from './deployer.js';

const IN = '[[trigger]]\ntopic = "in/{device}"\n';
const TASK = `name = "task"\n${IN}`;

/** "payload version" of the runs that ended, in order. */
function ended({ seen, runtime }: HubUnderTest): string[] {
  const versions = new Map(runtime.started.map(({ runId, task }) => [runId, task]));
  return seen
    .filter((one): one is Extract<Observation, { kind: 'run-finished' }> => one.kind === 'run-finished')
    .map(({ event, runId }) => `${Buffer.from(event.payload).toString()} ${versions.get(runId)}`);
}

t.test('runs that have begun end on the old version, those that wait run on the new one, in order', async (t) => {
  const test = await hubUnderTest(t, `${IN}[grants.buckets]\ndefault = "read-write"\n`);
  for (const text of ['1', '2', '3']) test.send('in/a', text);
  test.send('in/b', '4');
  t.same(test.running(), ['1', '4']);
  t.match(await deploy(test.hub, `${TASK}[grants.buckets]\ndefault = "read-write"\n`), {
    kind: 'deployed',
    version: '2.0.0',
    replaced: '1.0.0',
    moved: 2,
    dropped: 0,
    warnings: [],
  });
  test.send('in/c', '5');
  t.same(test.running(), ['1', '4'], 'the new version begins nothing while runs of the old one go on');
  test.answer('1');
  await turns();
  t.same(test.running(), ['4']);
  test.answer('4');
  await turns();
  t.same(test.running(), ['2', '5']);
  t.same(test.runtime.forgotten, ['uninstalled task'], 'the old component is let go of when its last run is over');
  for (const text of ['2', '5', '3']) {
    await turns();
    test.answer(text);
  }
  await turns();
  t.same(ended(test), ['1 task', '4 task', '2 new', '5 new', '3 new']);
  t.match(test.hub.tasks, [{ manifest: { version: '2.0.0' } }]);
});

t.test('what the new version has no trigger for is dropped with that reason, and asked for no more', async (t) => {
  const test = await hubUnderTest(t, IN);
  test.runtime.slots = 0;
  for (const text of ['0', '1']) test.send('in/a', text);
  const result = await deploy(test.hub, 'name = "task"\n[[trigger]]\ntopic = "else/+"\n');
  t.match(result, { kind: 'deployed', moved: 0, dropped: 1 });
  t.same(test.dropped(), ['1 no-trigger']);
  t.equal(test.hub.counts.dropped['no-trigger'], 1);
  t.same(
    test.link.subscriptions.map(({ filter }) => filter),
    ['in/+', 'else/+'],
  );
  t.same(test.link.unsubscribed, ['in/+']);
  test.answer('0');
  await turns();
  t.equal(test.hub.runs, 0);
});

t.test('what waits in a shaping that the new version has too goes on waiting there', async (t) => {
  const debounce = `${IN}debounce = { wait = "100 ms" }\nonChange = "/x"\n`;
  const test = await hubUnderTest(t, debounce);
  test.send('in/a', '{"x":1}');
  test.timer.pass(50);
  t.match(await deploy(test.hub, `name = "task"\n${debounce}`), { kind: 'deployed' });
  test.timer.pass(49);
  t.same(test.started(), []);
  test.timer.pass(1);
  t.same(test.started(), ['{"x":1}']);
  t.equal(test.runtime.started[0]?.task, 'new');
  test.send('in/a', '{"x":1}');
  t.same(test.dropped(), ['{"x":1} unchanged'], 'what it remembers stays');
});

t.test('what waits in a shaping that has changed goes through the new one', async (t) => {
  const test = await hubUnderTest(t, `${IN}debounce = { wait = "100 ms" }\n`);
  test.send('in/a', '0');
  t.match(await deploy(test.hub, `${TASK}debounce = { wait = "10 ms" }\n`), { moved: 1 });
  test.timer.pass(10);
  t.same(test.started(), ['0']);
});

t.test('events that are held are taken by the new version', async (t) => {
  const reject = '[limits]\nqueue = 1\noverflow = "reject"\n';
  const test = await hubUnderTest(t, `${IN}${reject}`);
  test.runtime.slots = 0;
  for (const text of ['0', '1', '2', '3']) test.send('in/a', text);
  await until('two are on disk', 5_000, () => test.link.acknowledged.length === 2);
  t.match(await deploy(test.hub, TASK), { kind: 'deployed', moved: 1 });
  test.runtime.slots = 4;
  test.answer('0');
  await turns();
  t.same(test.running(), ['1', '2', '3']);
  t.same(
    test.runtime.started.map(({ task }) => task),
    ['task', 'new', 'new', 'new'],
  );
  await until('all are on disk', 5_000, () => test.link.acknowledged.length === 4);
});

t.test('a task that is removed wakes no more: what waits is dropped, what runs has its effects', async (t) => {
  const test = await hubUnderTest(t, `${IN}[grants]\npublish = ["out"]\n`);
  test.runtime.slots = 1;
  for (const text of ['0', '1']) test.send('in/a', text);
  t.match(await test.hub.deployments.remove('task', { purge: false }), {
    kind: 'removed',
    dropped: 1,
    warnings: [/in a folder of --tasks/],
  });
  t.same(test.dropped(), ['1 removed']);
  t.same(test.link.unsubscribed, ['in/+']);
  t.same(test.runtime.forgotten, []);
  const publish = { kind: 'publish', topic: 'out', payload: Buffer.from('x'), qos: 1, retain: false } as const;
  test.answer('0', { effects: [publish] });
  await test.hub.deployments.remove('task', { purge: true });
  await until('it is published', 5_000, () => test.link.published.length > 0);
  t.match(test.link.published, [{ topic: 'out' }]);
  t.same(test.runtime.forgotten, ['uninstalled task']);
  t.same(await test.hub.deployments.remove('task', { purge: false }), { kind: 'no-task' });
});

t.test('a deploy that is refused changes nothing, and says all that is wrong', async (t) => {
  const test = await hubUnderTest(t, IN);
  test.runtime.slots = 0;
  for (const text of ['0', '1']) test.send('in/a', text);
  t.match(await deploy(test.hub, 'name = "Task"\n[[trigger]]\ntopic = "a/#/b"\n'), {
    kind: 'refused',
    problems: [/^task\.toml:3: name: must be a name of small letters/, /^task\.toml:5: trigger\[1\]\.topic: /],
  });
  t.match(await deploy(test.hub, TASK, 'refused'), { kind: 'refused', problems: [/imports what no task gets/] });
  test.link.subscribe = () => Promise.reject(new Error('the broker refuses the subscription to "no/+"'));
  t.match(await deploy(test.hub, 'name = "task"\n[[trigger]]\ntopic = "no/+"\n[[trigger]]\ntopic = "in/+"\n'), {
    kind: 'refused',
    problems: [/refuses the subscription/],
  });
  t.same(test.dropped(), []);
  t.match(test.hub.tasks, [{ manifest: { version: '1.0.0' } }]);
  test.answer('0');
  await turns();
  t.same(test.running(), ['1']);
  t.equal(test.runtime.started[1]?.task, 'task', 'on the old version');
});

t.test('two tasks of one component: it stays installed while one of them has it', async (t) => {
  const { hub, runtime } = await testHub(t, { tasks: { same: `name = "one"\n${IN}` } });
  t.match(await deploy(hub, `name = "two"\n${IN}`, 'same'), { kind: 'deployed' });
  await hub.deployments.remove('one', { purge: false });
  t.same(runtime.forgotten, []);
  await hub.deployments.remove('two', { purge: false });
  t.same(runtime.forgotten, ['uninstalled same']);
});

t.test('two deploys at once are made one after the other', async (t) => {
  const { hub } = await testHub(t, { tasks: {} });
  const [first, second] = await Promise.all([deploy(hub, TASK, 'a'), deploy(hub, TASK, 'b')]);
  t.match([first, second], [{ kind: 'deployed' }, { kind: 'deployed', replaced: '2.0.0' }]);
  t.match(hub.tasks, [{ installed: { key: 'b' } }]);
});
