import t from 'tap';
import { SHAPING_BOUNDS } from '../../../hub/shaping/limits.js';
import { parseManifest, type Shaping } from '../../../hub/manifest/index.js';
import { Shapers, type Folded } from '../../../hub/shaping/index.js';
import { virtualTimer } from '../virtual-timer.js';

interface Item {
  readonly name: string;
  readonly event: { readonly payload: Uint8Array; readonly retain: boolean };
}

/** A trigger's shaping as a manifest says it. */
function shapingOf(lines: string): Shaping {
  const parsed = parseManifest(`name = "a"\nversion = "1.0.0"\n[[trigger]]\ntopic = "x"\n${lines}\n`, 'task.toml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const shaping = parsed.manifest.triggers[0]?.shaping;
  if (shaping === undefined) throw new Error('nothing is shaped');
  return shaping;
}

function harness(lines: string) {
  const timer = virtualTimer();
  /** What happened, in order: the name of what went on, or "name reason". */
  const out: string[] = [];
  const told = ({ item, reason, by }: Folded<Item>): string =>
    `${item.name} ${reason}${by === undefined ? '' : ` by ${by.name}`}`;
  const shapers = new Shapers<Item>({
    timer,
    pass: (item) => void out.push(item.name),
    fold: (folded) => void out.push(told(folded)),
    woke: () => undefined,
  });
  const rules = shapingOf(lines);
  return {
    shapers,
    timer,
    out,
    offer: (name: string, { key = 'k', payload = name, retain = false } = {}) =>
      shapers.offer(rules, key, { name, event: { payload: Buffer.from(payload), retain } }),
  };
}

t.test('debounce: of a burst the last goes on, once it is quiet, for each key', (t) => {
  const { offer, timer, out, shapers } = harness('debounce = { wait = "100 ms" }');
  offer('a1');
  offer('b1', { key: 'other' });
  timer.pass(60);
  offer('a2');
  t.equal(shapers.waiting, 2);
  timer.pass(40);
  t.same(out, ['a1 debounced by a2', 'b1']);
  timer.pass(59);
  t.equal(out.length, 2, 'not a moment too early');
  timer.pass(1);
  t.same(out.slice(2), ['a2']);
  t.equal(shapers.waiting, 0);
  t.equal(timer.pending, 0, 'no timer is left');
  t.end();
});

t.test('debounce: a device that never is quiet goes on after maxWait', (t) => {
  const { offer, timer, out } = harness('debounce = { wait = "100 ms", maxWait = "250 ms" }');
  for (let i = 0; i < 10; i++) {
    offer(`${i}`);
    timer.pass(50);
  }
  t.same(
    out.filter((one) => !one.includes('debounced')),
    ['4', '9'],
  );
  t.end();
});

t.test('on-change: only a value that differs from the last goes on', (t) => {
  const { offer, out } = harness('onChange = "/on"');
  offer('1', { payload: '{"on":true,"t":1}' });
  offer('2', { payload: '{"t":2,"on":true}' });
  offer('3', { payload: '{"battery":7}' });
  offer('4', { payload: '{"on":true}', key: 'other' });
  offer('5', { payload: '{"on":false}' });
  offer('6', { payload: 'not json' });
  offer('7', { payload: '{"on":true}' });
  t.same(out, ['1', '2 unchanged', '3 no-value', '4', '5', '6 no-value', '7']);
  t.end();
});

t.test('on-change comes before debounce: a device that repeats itself does not keep it from being quiet', (t) => {
  const { offer, timer, out } = harness('onChange = "/on"\ndebounce = { wait = "100 ms" }');
  offer('1', { payload: '{"on":true}' });
  for (let i = 0; i < 4; i++) {
    timer.pass(30);
    offer('same', { payload: '{"on":true}' });
  }
  t.same(out, ['same unchanged', 'same unchanged', 'same unchanged', '1', 'same unchanged']);
  t.end();
});

t.test('throttle comes after debounce: what goes on is apart, whatever let it go', (t) => {
  const { offer, timer, out } = harness('debounce = { wait = "10 ms" }\nthrottle = { every = "100 ms" }');
  offer('a');
  timer.pass(10);
  offer('b');
  timer.pass(10);
  offer('c');
  timer.pass(10);
  t.same(out, ['a', 'b throttled by c']);
  timer.pass(80);
  t.same(out.slice(2), ['c']);
  t.end();
});

t.test('dedupe: equal payloads within the window are left out, and the window does not grow', (t) => {
  const { offer, timer, out } = harness('dedupe = { window = "100 ms" }');
  offer('1', { payload: 'x' });
  timer.pass(60);
  offer('2', { payload: 'x' });
  offer('3', { payload: 'y' });
  offer('4', { payload: 'x', key: 'other' });
  timer.pass(39);
  offer('5', { payload: 'x' });
  timer.pass(1);
  offer('6', { payload: 'x' });
  t.same(out, ['1', '2 duplicate', '3', '4', '5 duplicate', '6']);
  t.end();
});

t.test('dedupe by a value: what does not have it is never taken for a duplicate', (t) => {
  const { offer, out } = harness('dedupe = { window = "10 s", by = "/id" }');
  offer('1', { payload: '{"id":1,"x":1}' });
  offer('2', { payload: '{"id":1,"x":2}' });
  offer('3', { payload: '{"id":2}' });
  offer('4', { payload: '{}' });
  offer('5', { payload: '{}' });
  t.same(out, ['1', '2 duplicate', '3', '4', '5']);
  t.end();
});

t.test('retained messages are left out where asked for, and are not remembered as values', (t) => {
  const { offer, out } = harness('ignoreRetained = true\nonChange = "/on"');
  offer('1', { payload: '{"on":true}', retain: true });
  offer('2', { payload: '{"on":true}' });
  t.same(out, ['1 retained', '2']);
  t.end();
});

t.test('beyond the most keys, the one used longest ago is forgotten and what it holds goes on early', (t) => {
  const { offer, out, shapers } = harness('debounce = { wait = "1 h" }');
  for (let i = 0; i < SHAPING_BOUNDS.shapedKeys; i++) offer(`${i}`, { key: `${i}` });
  t.same(out, []);
  offer('0 again', { key: '0' });
  out.length = 0;
  offer('new', { key: 'new' });
  t.same(out, ['1']);
  t.equal(shapers.waiting, SHAPING_BOUNDS.shapedKeys);
  t.end();
});

t.test('what waits is bounded in bytes: what is due next goes on early', (t) => {
  const { offer, out, timer } = harness('debounce = { wait = "1 h" }');
  const payload = 'x'.repeat(1_048_576);
  const most = SHAPING_BOUNDS.shapedBytes / payload.length;
  for (let i = 0; i < most; i++) {
    offer(`${i}`, { key: `${i}`, payload });
    timer.pass(1);
  }
  t.same(out, []);
  offer('late', { key: 'late', payload });
  t.same(out, ['0']);
  t.end();
});

t.test('what dedupe remembers is bounded: the oldest may pass again', (t) => {
  const { offer, out } = harness('dedupe = { window = "1 h" }');
  for (let i = 0; i <= SHAPING_BOUNDS.dedupedValues; i++) offer(`${i}`);
  out.length = 0;
  offer('1');
  offer('0');
  t.same(out, ['1 duplicate', '0']);
  t.end();
});

t.test('a flush lets all go on that waits, and nothing is left to wake up for', (t) => {
  const { offer, out, shapers, timer } = harness('debounce = { wait = "1 s" }\nthrottle = { every = "10 s" }');
  offer('a');
  timer.pass(1_000);
  offer('b');
  timer.pass(1_000);
  offer('c');
  out.length = 0;
  shapers.flush();
  t.same(out, ['b', 'c']);
  t.equal(shapers.waiting, 0);
  timer.pass(60_000);
  t.same(out, ['b', 'c']);
  t.equal(timer.pending, 0);
  t.end();
});
