import t from 'tap';
import { formatProblem, parseManifest } from '../../../hub/manifest/index.js';
import { DEFAULT_LIMITS } from '../../../runtime/index.js';

const MINIMAL = `name = "thermostat"
version = "1.0.0"
[[trigger]]
topic = "zigbee2mqtt/{room}/climate"
`;

function problemsOf(source: string): readonly string[] {
  const parsed = parseManifest(source, 'task.toml');
  return parsed.ok ? [] : parsed.problems.map(formatProblem);
}

t.test('a manifest that says only what it must gets the defaults', (t) => {
  const parsed = parseManifest(MINIMAL, 'task.toml');
  if (!parsed.ok) return t.fail(parsed.problems.map(formatProblem).join('\n'));
  t.same(parsed.manifest, {
    name: 'thermostat',
    version: '1.0.0',
    description: '',
    component: 'build/thermostat.wasm',
    subjects: 'verbatim',
    isolation: 'event',
    triggers: [
      {
        pattern: { filter: 'zigbee2mqtt/+/climate', captures: [{ name: 'room', level: 1 }] },
        timer: undefined,
        qos: 1,
        shaping: undefined,
      },
    ],
    limits: DEFAULT_LIMITS,
    queue: 1_000,
    overflow: 'dead-letter',
    hops: 8,
    schedule: { priority: 5, concurrency: undefined, key: { kind: 'captures' }, mode: 'queued', ttlMs: undefined },
    retry: { attempts: 3, backoffMs: 1_000, maxBackoffMs: 300_000, maxAgeMs: 3_600_000 },
    quarantine: { failures: 5, coolDownMs: 30_000, maxCoolDownMs: 3_600_000 },
    grants: { publish: [], buckets: {} },
    config: {},
  });
  return t.end();
});

t.test('everything that can be said is understood', (t) => {
  const parsed = parseManifest(
    `${MINIMAL}qos = 0
ignoreRetained = true
onChange = "/a~1b/0"
dedupe = { window = "10 s", by = "/id" }
latest = true
debounce = { wait = "500 ms", maxWait = "5 s" }
throttle = { every = "1 s", trailing = false }
[limits]
fuel = "200M"
memory = "4 MiB"
deadline = "500 ms"
output = "1 KiB"
log = "2 KiB"
queue = 5
overflow = "reject"
hops = 3
[schedule]
mode = "latest"
ttl = "1 min"
priority = 9
concurrency = 2
key = "{room}"
[grants]
publish = ["zigbee2mqtt/+/radiator/set"]
[grants.buckets]
default = "read-write"
house = "read"
[config]
target = 21
exact = 0.5
eco = true
mode = "comfort"
`,
    'task.toml',
  );
  if (!parsed.ok) return t.fail(parsed.problems.map(formatProblem).join('\n'));
  const { limits, schedule, grants, config, queue, triggers } = parsed.manifest;
  t.equal(triggers[0]?.qos, 0);
  t.same(limits, { fuel: 200_000_000, memoryBytes: 4_194_304, deadlineMs: 500, outputBytes: 1_024, logBytes: 2_048 });
  t.equal(queue, 5);
  t.match(parsed.manifest, { overflow: 'reject', hops: 3 });
  t.same(triggers[0]?.shaping, {
    ignoreRetained: true,
    dedupe: { windowMs: 10_000, by: ['id'] },
    onChange: ['a/b', '0'],
    debounce: { waitMs: 500, maxWaitMs: 5_000 },
    throttle: { everyMs: 1_000, leading: true, trailing: false },
    latest: true,
  });
  t.same(schedule, {
    priority: 9,
    concurrency: 2,
    key: { kind: 'template', parts: [{ capture: 'room' }] },
    mode: 'latest',
    ttlMs: 60_000,
  });
  t.same(grants.buckets, {
    default: { id: 'task/thermostat/default', access: 'read-write' },
    house: { id: 'shared/house', access: 'read' },
  });
  t.same(config, { target: '21', exact: '0.5', eco: 'true', mode: 'comfort' });
  return t.end();
});

t.test('all that is wrong is named at once, each with key, line and what would be right', (t) => {
  const problems = problemsOf(`name = "Thermostat"
versoin = "1.0.0"
[[trigger]]
topic = "a/{room}/b{c}"
qos = 3
[limits]
fuel = "100X"
memory = 16
deadlne = "3 s"
[schedule]
priority = 10
[grants]
publish = [
  "ok/+",
  "$SYS/#",
  "a/#/b",
]
buckets = { default = "write" }
`);
  const expected = [
    /^task\.toml:1: name: must be a name of small letters.*: it is "Thermostat"$/,
    /^task\.toml:1: version: is missing: it must be a version such as "1\.0\.0"$/,
    /^task\.toml:2: versoin: there is no such key: did you mean "version"\?/,
    /^task\.toml:4: trigger\[1\]\.topic: a capture must be a whole level/,
    /^task\.toml:5: trigger\[1\]\.qos: must be 0, 1 or 2: it is 3$/,
    /^task\.toml:7: limits\.fuel: must be .*"100M": it is "100X"$/,
    /^task\.toml:8: limits\.memory: must be .*"16 MiB": it is 16$/,
    /^task\.toml:9: limits\.deadlne: there is no such key: did you mean "deadline"\?/,
    /^task\.toml:11: schedule\.priority: must be a whole number from 0 to 9: it is 10$/,
    /^task\.toml:15: grants\.publish\[2\]: no task may publish to topics that begin with \$/,
    /^task\.toml:16: grants\.publish\[3\]: the wildcard # must be the whole last level$/,
    /^task\.toml:18: grants\.buckets\.default: must be "read" or "read-write": it is "write"$/,
  ];
  t.equal(problems.length, expected.length, problems.join('\n'));
  for (const [i, pattern] of expected.entries()) t.match(problems[i], pattern);
  t.end();
});

t.test('a limit above what the runtime offers is refused', (t) => {
  t.match(problemsOf(`${MINIMAL}[limits]\nmemory = "5 GiB"\n`), [
    /limits\.memory: must be at most 4294967296 B: it is "5 GiB"/,
  ]);
  t.match(problemsOf(`${MINIMAL}[limits]\ndeadline = "25 h"\n`), [/limits\.deadline: must be at most 86400000 ms/]);
  t.end();
});

t.test('a key template may name only what every trigger captures', (t) => {
  const problems = problemsOf(`${MINIMAL}[[trigger]]\ntopic = "x/y"\n[schedule]\nkey = "{room}"\n`);
  t.match(problems, [/^task\.toml:8: schedule\.key: names \{room\}, which trigger 2 does not capture/]);
  t.end();
});

t.test('memory is kept for a key only where events of a key come one after another', (t) => {
  const parsed = parseManifest(`isolation = "key"\n${MINIMAL}`, 'task.toml');
  t.equal(parsed.ok && parsed.manifest.isolation, 'key');
  t.match(problemsOf(`isolation = "key"\n${MINIMAL}[schedule]\nkey = false\n`), [
    /^task\.toml:1: isolation: must be "event" where schedule\.key is false/,
  ]);
  t.match(problemsOf(`isolation = "none"\n${MINIMAL}`), [/isolation: must be "event" or "key": it is "none"$/]);
  t.end();
});

t.test('a component outside of the folder is refused', (t) => {
  for (const path of ['../x.wasm', '/x.wasm', 'a/../../x.wasm', 'C:x.wasm', 'a\\b.wasm', '', 'build/', 'build/.']) {
    t.match(problemsOf(`component = '${path}'\n${MINIMAL}`), [/component: must be a path relative to this file/], path);
  }
  t.same(problemsOf(`component = "out/my..task.wasm"\n${MINIMAL}`), []);
  t.end();
});

t.test('a text that is not TOML is refused with its line', (t) => {
  t.match(problemsOf('name = "a"\nversion = = 1\n'), [/^task\.toml:2: /]);
  t.match(problemsOf('name = "a"\nname = "b"\n'), [/^task\.toml:2: /]);
  t.match(problemsOf(`${MINIMAL}[config]\n__proto__ = 1\n`), [/^task\.toml:\d+: /]);
  t.end();
});

t.test('wrong kinds of values are refused, not crashed on', (t) => {
  for (const key of ['name', 'version', 'trigger', 'limits', 'schedule', 'grants', 'config', 'component', 'subjects']) {
    for (const value of ['1', '"x"', '[]', '{}', '[1]', '2020-01-01', 'nan', '[[]]', '{a = {b = 1}}']) {
      t.type(problemsOf(`${key} = ${value}\n`).length, 'number', `${key} = ${value}`);
    }
  }
  t.end();
});

t.test('shaping that could never let an event go on, or is not understood, is refused', (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['onChange = "state"', /trigger\[1\]\.onChange: must be a JSON Pointer, which begins with "\/".*"state"/],
    ['onChange = "/a~2"', /trigger\[1\]\.onChange: must have "~0" for each "~"/],
    ['dedupe = { by = "/id" }', /trigger\[1\]\.dedupe\.window: is missing/],
    ['dedupe = { window = "1 s", by = "id" }', /trigger\[1\]\.dedupe\.by: must be/],
    ['debounce = { wait = "2 s", maxWait = "1 s" }', /debounce\.maxWait: must not be shorter than wait/],
    [
      'debounce = { wait = "2 s", maxwait = "3 s" }',
      /debounce\.maxwait: there is no such key: did you mean "maxWait"\?/,
    ],
    ['debounce = { wait = "0 s" }', /debounce\.wait: must be a duration/],
    ['throttle = { every = "1 s", leading = false, trailing = false }', /throttle\.trailing: must be true where/],
    ['throttle = { every = "25 h" }', /throttle\.every: must be at most 86400000 ms/],
    ['[schedule]\nkey = false\nmode = "single"', /schedule\.mode: must be "queued" or "parallel" where schedule\.key/],
    ['[schedule]\nmode = "first"', /schedule\.mode: must be "queued", "single"/],
    [
      '[limits]\noverflow = "block"',
      /limits\.overflow: must be "dead-letter", "drop-newest", "drop-oldest" or "reject"/,
    ],
  ];
  for (const [lines, expected] of cases) {
    const problems = problemsOf(`${MINIMAL}${lines}\n`);
    t.equal(problems.length, 1, problems.join('\n'));
    t.match(problems[0], expected);
  }
  const parallel = problemsOf(`isolation = "key"\n${MINIMAL}[schedule]\nmode = "parallel"\n`);
  t.match(parallel, [/isolation: must be "event" where schedule\.mode is "parallel"/]);
  t.end();
});
