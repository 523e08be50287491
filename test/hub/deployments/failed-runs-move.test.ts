/** Runs that failed, and are to be tried again, when their task gets a new version or goes. */
import t from 'tap';
import { hubUnderTest, turns, type HubUnderTest } from '../hub-under-test.js';
import { deploy } from './deployer.js';

const IN = '[[trigger]]\ntopic = "in/{device}"\n';
const BUCKET = '[grants.buckets]\ndefault = "read-write"\n';
const FAILED = { outcome: { kind: 'failed', message: 'said so' } } as const;
/** Longer than any wait for a second attempt, with the defaults. */
const BACKOFF_MS = 1_000;

const versionOf = ({ runtime }: HubUnderTest): string[] =>
  runtime.started.map(({ task, event, attempt }) => `${Buffer.from(event.payload).toString()} ${task} ${attempt}`);

/** Answers runs that are under way, one after another. */
async function answer(test: HubUnderTest, ...texts: string[]): Promise<void> {
  for (const text of texts) {
    test.answer(text);
    await turns();
  }
}

async function fail(test: HubUnderTest, ...texts: string[]): Promise<void> {
  for (const text of texts) {
    test.answer(text, FAILED);
    await turns();
  }
}

t.test('a run that waits behind one that goes on moves, and that one ends', async (t) => {
  const test = await hubUnderTest(t, IN);
  for (const text of ['1', '2', '3']) test.send('in/a', text);
  t.same(test.running(), ['1', '2', '3'], 'without state, runs of a key overlap and end in order');
  await fail(test, '2');
  await answer(test, '3');
  t.match(await deploy(test.hub, `name = "task"\n${IN}`), { kind: 'deployed', moved: 1, dropped: 0 });
  await answer(test, '1');
  t.same(test.running(), ['2']);
  await answer(test, '2');
  t.same(versionOf(test), ['1 task 1', '2 task 1', '3 task 1', '2 new 2']);
  t.equal(test.hub.runs, 0);
  t.equal(test.hub.counts.runs.completed, 3);
});

t.test('runs of one key that wait to be tried again move in the order of their events', async (t) => {
  for (const grants of ['', BUCKET]) {
    const test = await hubUnderTest(t, IN);
    for (const text of ['1', '2', '3']) test.send('in/a', text);
    await fail(test, '3', '2', '1');
    test.send('in/a', '4');
    t.match(await deploy(test.hub, `name = "task"\n${IN}${grants}`), { kind: 'deployed', moved: 4 });
    await turns();
    for (const text of ['1', '2', '3', '4']) await answer(test, text);
    t.same(versionOf(test).slice(3), ['1 new 2', '2 new 2', '3 new 2', '4 new 1']);
    t.equal(test.hub.runs, 0);
  }
});

t.test('a run that fails after its task was replaced runs before the later events of its key', async (t) => {
  const test = await hubUnderTest(t, `${IN}${BUCKET}`);
  for (const text of ['1', '2']) test.send('in/a', text);
  await deploy(test.hub, `name = "task"\n${IN}${BUCKET}`);
  test.send('in/a', '3');
  await fail(test, '1');
  for (const text of ['1', '2', '3']) await answer(test, text);
  t.same(versionOf(test), ['1 task 1', '1 new 2', '2 new 1', '3 new 1']);
  t.equal(test.hub.runs, 0);
});

t.test('where only the latest event counts, a run that fails after its task was replaced is not it', async (t) => {
  for (const mode of ['latest', 'restart']) {
    const manifest = `${IN}[schedule]\nmode = "${mode}"\n`;
    const test = await hubUnderTest(t, manifest);
    test.send('in/a', '1');
    await deploy(test.hub, `name = "task"\n${manifest}`);
    await fail(test, '1');
    test.send('in/a', '2');
    await turns();
    t.same(test.running(), ['1'], 'no later event was there');
    await answer(test, '1', '2');

    test.send('in/b', '3');
    await deploy(test.hub, `name = "task"\n${manifest}`, 'newest');
    if (mode === 'latest') test.send('in/b', '4');
    await fail(test, '3');
    t.same(test.running(), [mode === 'latest' ? '4' : '3']);
    await answer(test, mode === 'latest' ? '4' : '3');
    t.equal(test.hub.runs, 0);
  }
});

t.test(
  'a run that was due while its task was in quarantine does not keep the next version from beginning',
  async (t) => {
    for (const grants of ['', BUCKET]) {
      const test = await hubUnderTest(t, `${IN}${grants}[quarantine]\nfailures = 1\n`);
      test.send('in/a', '1');
      await fail(test, '1');
      test.send('in/b', '2');
      test.answer('2', { outcome: { kind: 'denied', message: 'no' } });
      await turns();
      t.equal(test.hub.counts.quarantined, 1);
      test.timer.pass(BACKOFF_MS);
      test.send('in/a', '3');
      t.same(test.running(), []);
      t.match(await deploy(test.hub, `name = "task"\n${IN}${grants}`), { kind: 'deployed', moved: 2 });
      await turns();
      await answer(test, '1', '3');
      t.same(versionOf(test).slice(2), ['1 new 2', '3 new 1']);
      t.same(test.runtime.forgotten, ['uninstalled task']);
      t.equal(test.hub.runs, 0);
    }
  },
);

t.test('a task in quarantine can be removed, with what it was to try again', async (t) => {
  const test = await hubUnderTest(t, `${IN}[quarantine]\nfailures = 1\n`);
  for (const text of ['1', '2', '3']) test.send(`in/${text}`, text);
  await fail(test, '1', '2');
  test.answer('3', { outcome: { kind: 'denied', message: 'no' } });
  await turns();
  test.timer.pass(BACKOFF_MS);
  t.match(await test.hub.deployments.remove('task', { purge: true }), { kind: 'removed', dropped: 2, purgedKeys: 0 });
  t.equal(test.hub.runs, 0);
  t.same(test.runtime.forgotten, ['uninstalled task']);
});

t.test('a run that has to be repeated ends on its version, though that was in quarantine', async (t) => {
  const test = await hubUnderTest(t, `${IN}${BUCKET}[quarantine]\nfailures = 1\n`);
  test.send('in/a', '1');
  test.send('in/b', '2');
  test.answer('2', { outcome: { kind: 'denied', message: 'no' } });
  await turns();
  await deploy(test.hub, `name = "task"\n${IN}${BUCKET}`);
  test.send('in/a', '3');
  test.answer('1', { reads: [{ bucket: 'task/task/default', key: 'k', value: undefined, version: 9 }] });
  await turns();
  t.same(test.running(), ['1']);
  await answer(test, '1', '3');
  t.same(versionOf(test), ['1 task 1', '2 task 1', '1 task 1', '3 new 1']);
  t.equal(test.hub.runs, 0);
});
