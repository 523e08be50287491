import t from 'tap';
import { parseManifest } from '../../../hub/manifest/index.js';
import { parseApp, planTasks } from '../../../hub/placement/index.js';
import type { Manifest } from '../../../hub/manifest/index.js';

function task(toml: string): Manifest {
  const parsed = parseManifest(`version = "1.0.0"\n${toml}`, 'task.toml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.manifest;
}

const PREPROCESS = task('name = "preprocess"\n[[trigger]]\ntopic = "meter/+"\n[grants]\npublish = ["features/+"]');
const FORECAST = task('name = "forecast"\n[[trigger]]\ntopic = "features/+"\n[grants.buckets]\ndefault = "read-write"');
const PRESENCE = task('name = "presence"\n[[trigger]]\ntopic = "home/presence"\n[grants.buckets]\nseen = "read-write"');
const READER = task('name = "reader"\n[[trigger]]\ntopic = "tick"\n[grants.buckets]\nseen = "read"');
const MEMORY = task('name = "memory"\nisolation = "key"\n[[trigger]]\ntopic = "m/+"');
const ALL = [PREPROCESS, FORECAST, PRESENCE, READER, MEMORY].map((manifest) => ({ manifest }));

const APP = `
name = "energy"

[placement]
default = "auto"
private = ["home/presence"]

[tasks.preprocess]
placement = "local-only"

[[edges]]
from = "preprocess"
topic = "features/a"
to = "forecast"
`;

t.test('an application says of each task whether a provider may execute it, and why', (t) => {
  const parsed = parseApp(APP, 'app.toml');
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  t.strictSame(parsed.app.faultsWith(ALL.map(({ manifest }) => manifest)), []);
  const plan = planTasks(ALL, parsed.app, { onBattery: false, metered: false });
  t.strictSame(
    plan.map(({ task, isRemote, reason }) => `${task} ${isRemote}: ${reason}`),
    [
      'preprocess false: It stays here, as the application energy places it local-only.',
      'forecast true: A provider may execute it, as the application energy places all other tasks auto.',
      'presence false: It stays here, as its trigger home/presence may bring what must not leave the hub.',
      'reader false: It stays here, as the bucket seen may hold what presence learnt of topics that must not leave the hub.',
      'memory false: It stays here, as it keeps memory between events of a key, which one place must have.',
    ],
  );
  const metered = planTasks(ALL, parsed.app, { onBattery: false, metered: true });
  t.match(metered[1]?.reason, 'It stays here, as the network is metered, and the application avoids that.');
  t.end();
});

t.test('what is wrong with an app.toml is told all at once, with its key and what would be right', (t) => {
  const parsed = parseApp(
    '[placement]\ndefault = "far"\nprivate = ["a/#/b"]\nchecked = 2\nother = 1\n[[edges]]\nfrom = "a"',
    'app.toml',
  );
  t.notOk(parsed.ok);
  t.strictSame(parsed.ok ? [] : parsed.problems.map((problem) => problem.replace(/topic filter: .*/, 'topic filter')), [
    'app.toml: placement.other: there is no such key: the keys here are default, private, checked, migration',
    'app.toml: placement.default: must be one of local-only, prefer-local, prefer-remote, remote-only, auto',
    'app.toml: edges[1].topic: must be a text',
    'app.toml: edges[1].topic: must be an MQTT topic filter',
    'app.toml: edges[1].to: must be a text',
    'app.toml: placement.private[1]: must be an MQTT topic filter',
    'app.toml: name: must be a text',
    'app.toml: placement.checked: must be a number from 0 to 1',
  ]);
  t.end();
});

t.test('edges are between tasks that there are, over topics that they may use', (t) => {
  const parsed = parseApp(
    `${APP}\n[[edges]]\nfrom = "forecast"\ntopic = "x"\nto = "nobody"\n[tasks.nothing]\n`,
    'app.toml',
  );
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  const faults = parsed.app.faultsWith([PREPROCESS, FORECAST]);
  t.strictSame(
    faults.map(({ message, isAbsence }) => `${isAbsence ? 'absent' : 'wrong'}: ${message}`),
    [
      'absent: tasks.nothing: there is no such task',
      'wrong: edges[2].topic: forecast is not granted to publish to x',
      'absent: edges[2].to: there is no task "nobody"',
    ],
  );
  t.end();
});

t.test('on battery, a plan says how much more work here counts', (t) => {
  const parsed = parseApp(`${APP}[preferences]\nbattery = 3`, 'app.toml');
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  const plan = planTasks(ALL, parsed.app, { onBattery: true, metered: false });
  t.match(plan[1]?.reason, /^A provider may execute it, as .* auto; on battery, work here counts 3 times\.$/);
  t.end();
});

t.test('a date is no table, and of too many tasks none is left out in silence', (t) => {
  for (const key of ['placement', 'preferences', 'tasks', 'tasks.a']) {
    t.match(parseApp(`name = "x"\n${key} = 2026-01-01\n`, 'app.toml'), {
      ok: false,
      problems: [`app.toml: ${key}: must be a table`],
    });
  }
  const many = Array.from({ length: 1_025 }, (_, i) => `[tasks.t${i}]\nplacement = "local-only"\n`).join('');
  t.match(parseApp(`name = "x"\n${many}`, 'app.toml'), { ok: false, problems: [/tasks: must be at most 1024 tables/] });
  t.end();
});

t.test('what an application says of runs that move is read, and what it leaves out is for the hub to decide', (t) => {
  const parsed = parseApp(
    `name = "a"
[tasks.x]
responsible = "provider"
mode = "auto"
point = "500 ms"
[tasks.y]
mode = "synchronous"
reclaim = "1 min"`,
    'app.toml',
  );
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  t.strictSame(parsed.app.movingOf('x'), { responsible: 'provider', pointMs: 500 });
  t.strictSame(parsed.app.movingOf('y'), { mode: 'synchronous', reclaimMs: 60_000 });
  t.strictSame(parsed.app.movingOf('z'), {});
  const wrong = parseApp('name = "a"\n[tasks.x]\nresponsible = "me"\npoint = "1 ms"\nreclaim = 5', 'app.toml');
  t.strictSame(wrong.ok ? [] : wrong.problems, [
    'app.toml: tasks.x.responsible: must be one of auto, hub, provider',
    'app.toml: tasks.x.point: must be a duration from 10 ms to 3600 s, such as "1 s"',
    'app.toml: tasks.x.reclaim: must be a duration from 10 ms to 604800 s, such as "1 s"',
  ]);
  t.end();
});

t.test('of battery and heat, what counts more counts', (t) => {
  const parsed = parseApp('name = "a"\n[preferences]\nbattery = 3\nheat = 5', 'app.toml');
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  const { app } = parsed;
  t.equal(app.preferences.hotFrom, 80);
  const weights = [false, true].flatMap((onBattery) =>
    [false, true].map((isHot) => app.weightUnder({ onBattery, isHot })),
  );
  t.same(weights, [1, 5, 3, 5]);
  const [hot] = planTasks([{ manifest: FORECAST }], app, { onBattery: false, metered: false, isHot: true });
  t.match(hot?.reason, /; while it is hot, work here counts 5 times\.$/);
  t.end();
});
