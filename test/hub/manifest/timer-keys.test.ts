import t from 'tap';
import { formatProblem, parseManifest } from '../../../hub/manifest/index.js';

const HEAD = 'name = "digest"\nversion = "1.0.0"\n';

function problemsOf(triggers: string): readonly string[] {
  const parsed = parseManifest(`${HEAD}${triggers}`, 'task.toml');
  return parsed.ok ? [] : parsed.problems.map(formatProblem);
}

t.test('timers are triggers, with a topic of their own', (t) => {
  const parsed = parseManifest(
    `${HEAD}[[trigger]]
cron = "0 7 * * mon-fri"
zone = "Europe/Berlin"
name = "morning"
catchUp = "last"
[[trigger]]
every = "5 min"
payload = "tick"
[[trigger]]
topic = "a/{room}"
[schedule]
key = "{room}"
`,
    'task.toml',
  );
  if (!parsed.ok) return t.fail(parsed.problems.map(formatProblem).join('\n'));
  t.same(
    parsed.manifest.triggers.map(({ pattern, timer }) => [pattern.filter, timer]),
    [
      [
        '$timer/digest/morning',
        {
          name: 'morning',
          when: { kind: 'cron', line: '0 7 * * mon-fri', zone: 'Europe/Berlin' },
          catchUp: 'last',
          payload: undefined,
        },
      ],
      ['$timer/digest/2', { name: '2', when: { kind: 'every', everyMs: 300_000 }, catchUp: 'none', payload: 'tick' }],
      ['a/+', undefined],
    ],
  );
  return t.end();
});

t.test('a trigger has exactly one of topic, cron and every', (t) => {
  t.same(problemsOf('[[trigger]]\n'), [
    'task.toml:3: trigger[1].topic: is missing: a trigger must have a topic, cron or every',
  ]);
  t.same(problemsOf('[[trigger]]\ntopic = "a"\nevery = "1 min"\n'), [
    'task.toml:5: trigger[1].every: must not be there beside topic: a trigger has one of topic, cron and every, so write another one',
  ]);
  t.end();
});

t.test('keys that do not go with what wakes the task are refused by name and line', (t) => {
  t.same(problemsOf('[[trigger]]\nevery = "1 min"\nzone = "UTC"\nqos = 1\ndebounce = { wait = "1 s" }\n'), [
    'task.toml:5: trigger[1].zone: must not be there beside every: it goes with cron',
    'task.toml:6: trigger[1].qos: must not be there beside every: it goes with topic',
    'task.toml:7: trigger[1].debounce: must not be there beside every: it goes with topic',
  ]);
  t.same(problemsOf('[[trigger]]\ntopic = "a"\ncatchUp = "all"\n'), [
    'task.toml:5: trigger[1].catchUp: must not be there beside topic: it goes with cron or every',
  ]);
  t.end();
});

t.test('what a timer says is checked, with what would be right', (t) => {
  const [cron, zone] = problemsOf('[[trigger]]\ncron = "0 25 * * *"\nzone = "Berlin"\n');
  t.match(cron, /^task\.toml:4: trigger\[1\]\.cron: must be a cron line of 5 fields .*: it is "0 25 \* \* \*"$/);
  t.match(zone, /^task\.toml:5: trigger\[1\]\.zone: must be a time zone of the IANA database.*: it is "Berlin"$/);
  t.match(problemsOf('[[trigger]]\nevery = "999 ms"\n'), [/every: must be at least 1000 ms/]);
  t.match(problemsOf('[[trigger]]\nevery = "25 h"\n'), [/every: must be at most 86400000 ms/]);
  t.match(problemsOf('[[trigger]]\nevery = "1 h"\ncatchUp = "some"\n'), [/catchUp: must be "none", "last" or "all"/]);
  t.match(problemsOf('[[trigger]]\nevery = "1 h"\nname = "a"\n[[trigger]]\nevery = "2 h"\nname = "a"\n'), [
    /^task\.toml:8: trigger\[2\]\.name: is the name of another timer/,
  ]);
  t.match(problemsOf('[[trigger]]\ntopic = "$timer/other/1"\n'), [/topic: topics below "\$timer" are those of timers/]);
  t.end();
});
