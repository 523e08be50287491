import t from 'tap';
import { parseManifest, type Manifest } from '../../../hub/manifest/index.js';
import { parseApp, planTasks } from '../../../hub/placement/index.js';

const APP = parseApp('name = "house"\n[placement]\ndefault = "remote-only"\nprivate = ["home/presence"]\n', 'app.toml');

function task(name: string, topic: string, buckets: string): Manifest {
  const toml = `name = "${name}"\nversion = "1.0.0"\n[[trigger]]\ntopic = "${topic}"\n[grants.buckets]\n${buckets}`;
  const parsed = parseManifest(toml, 'task.toml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.manifest;
}

function plan(...manifests: readonly Manifest[]): readonly string[] {
  if (!APP.ok) throw new Error(APP.problems.join('\n'));
  const tasks = manifests.map((manifest) => ({ manifest }));
  return planTasks(tasks, APP.app, { onBattery: false, metered: false }).map(
    ({ task, isRemote, reason }) => `${task} ${isRemote ? 'may leave' : reason}`,
  );
}

const learnt = (bucket: string, by: string): string =>
  `It stays here, as the bucket ${bucket} may hold what ${by} learnt of topics that must not leave the hub.`;

t.test('what a task for many topics keeps is not replicated: events under local/ wake it, too', (t) => {
  t.strictSame(plan(task('all', '+/a', 'default = "read-write"'), task('rooms', 'rooms/+', 'default = "read-write"')), [
    `all ${learnt('default', 'all')}`,
    'rooms may leave',
  ]);
  t.strictSame(plan(task('any', '+/a', 'default = "read"')), ['any may leave'], 'one that keeps nothing may leave');
  t.end();
});

t.test('what was learnt of a private topic stays, through however many buckets it goes', (t) => {
  // In the order that needs each step to be looked at anew.
  const tasks = [
    task('last', 'c', 'second = "read"'),
    task('middle', 'b', 'first = "read"\nsecond = "read-write"'),
    task('presence', 'home/presence', 'first = "read-write"'),
    task('apart', 'd', 'third = "read-write"'),
  ];
  t.strictSame(plan(...tasks), [
    `last ${learnt('second', 'middle')}`,
    `middle ${learnt('first', 'presence')}`,
    'presence It stays here, as its trigger home/presence may bring what must not leave the hub.',
    'apart may leave',
  ]);
  t.end();
});
