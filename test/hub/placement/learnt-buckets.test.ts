import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { HubOptions } from '../../../hub/hub.js';
import { createLog } from '../../../hub/log.js';
import { parseManifest, type Manifest } from '../../../hub/manifest/index.js';
import { NO_LINKS } from '../../../hub/migration/links.js';
import { parseApp, planTasks } from '../../../hub/placement/index.js';
import { LearntBuckets } from '../../../hub/placement/learnt-buckets.js';
import { openStore, type Store } from '../../../hub/store/index.js';
import { until } from '../../runtime/eventually.js';
import type { Behaviour } from '../fake-runtime.js';
import { testHub } from '../hub-under-test.js';

type Learnt = ReadonlyMap<string, string>;

const TASKS = {
  writer:
    'name = "writer"\n[[trigger]]\ntopic = "home/presence"\n[grants.buckets]\nhouse = "read-write"\ndefault = "read-write"\n',
  reader: 'name = "reader"\n[[trigger]]\ntopic = "in/a"\n[grants.buckets]\nhouse = "read"\n',
};
const [HOUSE, OWN] = ['shared/house', 'task/writer/default'];

function manifest(task: keyof typeof TASKS): Manifest {
  const parsed = parseManifest(`version = "1.0.0"\n${TASKS[task]}`, 'task.toml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.manifest;
}

function write(store: Store, value: Uint8Array | undefined): void {
  store.commit([{ reads: [], writes: [{ bucket: HOUSE, key: 'k', value }] }]);
}

function looking(store: Pick<Store, 'learntBuckets' | 'noteLearnt' | 'forgetEmptyLearnt'>): LearntBuckets {
  return new LearntBuckets({ store, privateTopics: ['home/presence'], log: createLog('silent') });
}

function scene(t: Test): Store {
  const store = openStore(join(t.testdir({}), 'state.db'));
  t.teardown(() => store.close());
  return store;
}

t.test('what was kept of a private message stays private when its writer is gone, until the bucket is empty', (t) => {
  const store = scene(t);
  looking(store).look([manifest('writer'), manifest('reader')], true);
  write(store, Buffer.from('at home'));
  const later = looking(store);
  later.look([manifest('reader')], true);
  t.strictSame([...later.buckets], [[HOUSE, 'writer']], 'what was never written is not');

  const app = parseApp('name = "house"\n[placement]\ndefault = "remote-only"\n', 'app.toml');
  if (!app.ok) throw new Error(app.problems.join());
  const plan = (): unknown =>
    planTasks([{ manifest: manifest('reader') }], app.app, { onBattery: false, metered: false }, later.buckets);
  t.match(plan(), [{ isRemote: false, reason: /the bucket house may hold what writer learnt/ }]);

  write(store, undefined);
  later.look([manifest('reader')], false);
  t.equal(later.buckets.size, 1, 'while a run of the writer goes on, which may write yet');
  later.look([manifest('reader')], true);
  t.match(plan(), [{ isRemote: true }]);
  t.end();
});

t.test('what the disk does not take is known until it does', (t) => {
  const store = scene(t);
  let isFull = true;
  const learnt = looking({
    learntBuckets: () => store.learntBuckets(),
    forgetEmptyLearnt: () => store.forgetEmptyLearnt(),
    noteLearnt: (buckets) => {
      if (isFull) throw new Error('the disk is full');
      store.noteLearnt(buckets);
    },
  });
  learnt.look([manifest('writer')], true);
  write(store, Buffer.from('at home'));
  isFull = false;
  learnt.look([manifest('reader')], true);
  t.ok(learnt.buckets.has(HOUSE));
  t.ok(looking(store).buckets.has(HOUSE), 'and noted');
  t.end();
});

t.test('a hub remembers it over a restart, and until its state is removed', async (t) => {
  const seen: Learnt[] = [];
  const placement: NonNullable<HubOptions['placement']> = {
    over: ({ local }) => local,
    gateOf: () => undefined,
    note: () => undefined,
    contradictions: () => [],
    deployed: (_, learnt) => void seen.push(learnt),
    whenRoom: () => undefined,
    elsewhere: 0,
    waitsFor: () => undefined,
    privateTopics: ['home/presence'],
    linksFor: () => NO_LINKS,
  };
  const value = Buffer.from('at home');
  const behave = (): Behaviour => ({
    effects: [HOUSE, OWN].map((bucket) => ({ kind: 'set', bucket, key: 'k', value })),
  });
  const first = await testHub(t, { tasks: TASKS, behave, placement });
  first.link.deliver('home/presence', { payload: value, qos: 1 });
  await until('it is committed', 10_000, () => first.seen.some(({ kind }) => kind === 'run-finished'));
  await first.hub.close();
  rmSync(join(first.dir, 'tasks', 'writer'), { recursive: true });
  const { reader } = TASKS;
  const again = await testHub(t, { tasks: { reader }, dir: first.dir, placement });
  t.strictSame(new Set(seen.at(-1)?.keys()), new Set([HOUSE, OWN]));
  t.match(await again.hub.deployments.remove('writer', { purge: true }), { kind: 'removed', purgedKeys: 1 });
  t.strictSame([...(seen.at(-1)?.keys() ?? [])], [HOUSE], 'what it shared is still there');
});
