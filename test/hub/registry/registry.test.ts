import t from 'tap';
import { parseManifest } from '../../../hub/manifest/index.js';
import { Registry, type DeployedTask } from '../../../hub/registry/index.js';

function task(name: string, topics: readonly string[], extra = ''): DeployedTask {
  const triggers = topics.map((topic) => `[[trigger]]\ntopic = "${topic}"\n`).join('');
  const parsed = parseManifest(`name = "${name}"\nversion = "1.0.0"\n${triggers}${extra}`, name);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const installed = { key: name, digest: '', imports: [], initialMemoryBytes: 0, startFuel: 0 };
  return { manifest: parsed.manifest, installed, toml: '' };
}

const names = (matches: ReturnType<Registry['match']>): readonly string[] =>
  matches.map(({ task }) => task.manifest.name);

t.test('an event wakes each task with a trigger for it, in the order they were added', (t) => {
  const registry = new Registry();
  registry.add(task('b', ['home/+/motion']));
  registry.add(task('a', ['home/#']));
  registry.add(task('c', ['garden/#']));
  t.same(names(registry.match('home/hall/motion')), ['b', 'a']);
  t.same(names(registry.match('home')), ['a']);
  t.same(names(registry.match('street')), []);
  t.end();
});

t.test('a task with two triggers for an event runs once, by the first of them', (t) => {
  const registry = new Registry();
  registry.add(task('a', ['home/{room}/+', 'home/+/{kind}']));
  const matches = registry.match('home/hall/motion');
  t.equal(matches.length, 1);
  t.same(matches[0]?.captures, { room: 'hall' });
  t.equal(matches[0]?.key, 'hall');
  t.end();
});

t.test('what was remembered of a topic is forgotten when a task is added', (t) => {
  const registry = new Registry();
  registry.add(task('a', ['x']));
  t.same(names(registry.match('x')), ['a']);
  t.equal(registry.match('x'), registry.match('x'), 'remembered');
  registry.add(task('b', ['x']));
  t.same(names(registry.match('x')), ['a', 'b']);
  t.end();
});

t.test('of the versions of a task, the one that took the place of the others is in force', (t) => {
  const registry = new Registry();
  const [before, after] = [task('a', ['x']), task('a', ['x'])];
  registry.add(before);
  t.ok(registry.isInForce(before));
  registry.replace(after);
  t.notOk(registry.isInForce(before));
  t.ok(registry.isInForce(after));
  registry.remove('a');
  t.notOk(registry.isInForce(after));
  t.end();
});

t.test('a device that makes up topics does not fill the memory', (t) => {
  const registry = new Registry();
  registry.add(task('a', ['#']));
  const first = registry.match('t/0');
  for (let i = 1; i <= 5_000; i++) registry.match(`t/${i}`);
  t.not(registry.match('t/0'), first, 'the oldest was forgotten');
  const long = `t/${'x'.repeat(300)}`;
  t.not(registry.match(long), registry.match(long), 'long topics are not remembered');
  t.end();
});

t.test('$SYS topics wake only tasks that ask for them', (t) => {
  const registry = new Registry();
  registry.add(task('all', ['#', '+/broker']));
  registry.add(task('sys', ['$SYS/#']));
  t.same(names(registry.match('$SYS/broker')), ['sys']);
  t.end();
});
