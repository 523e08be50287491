import t from 'tap';
import { SHAPING_BOUNDS } from '../../../hub/shaping/limits.js';
import { parseManifest, type Shaping } from '../../../hub/manifest/index.js';
import { keptOf, memoryOf } from '../../../hub/shaping/index.js';

function shaping(lines: string): Shaping {
  const parsed = parseManifest(`name = "a"\nversion = "1.0.0"\n[[trigger]]\ntopic = "x"\n${lines}`, 'task.toml');
  const rules = parsed.ok ? parsed.manifest.triggers[0]?.shaping : undefined;
  if (rules === undefined) throw new Error('there is nothing to shape');
  return rules;
}

const ALL = shaping('onChange = "/v"\ndedupe = { window = "10 s" }\nthrottle = { every = "5 s" }\n');
const key = (name: string, value: string | undefined, openAtMs: number | undefined) => ({ key: name, value, openAtMs });

t.test('over a restart, times go on by the machine’s clock', (t) => {
  const kept = keptOf(
    { keys: [key('a', '1', 70_000)], seen: [['s', 69_000]] },
    { nowMs: 70_000 - 3_000, wallMs: 1_000_000 },
  );
  t.same(kept, { keys: [key('a', '1', 1_003_000)], seen: [['s', 1_002_000]] });
  t.same(memoryOf(kept, ALL, { nowMs: 10, wallMs: 1_002_500, isComplete: true }), {
    keys: [key('a', '1', 510)],
    seen: [['s', 10 - 500]],
  });
  t.end();
});

t.test('what is over is not remembered', (t) => {
  const kept = { keys: [key('a', undefined, 5_000)], seen: [['s', 1_000]] as const };
  t.same(memoryOf(kept, ALL, { nowMs: 10, wallMs: 5_000, isComplete: true }).keys, []);
  t.same(memoryOf(kept, ALL, { nowMs: 10, wallMs: 11_000, isComplete: true }).seen, []);
  t.end();
});

t.test('a clock that was set meanwhile puts nothing further ahead than it can lie', (t) => {
  const kept = { keys: [key('a', undefined, 1_005_000)], seen: [['s', 1_000_000]] as const };
  t.same(memoryOf(kept, ALL, { nowMs: 10, wallMs: 0, isComplete: true }), {
    keys: [key('a', undefined, 5_010)],
    seen: [['s', 10]],
  });
  t.same(memoryOf(kept, ALL, { nowMs: 10, wallMs: 1e12, isComplete: true }), { keys: [], seen: [] });
  t.end();
});

t.test('a value is remembered only if no event came since', (t) => {
  const kept = { keys: [key('a', '1', undefined), key('b', '2', 2_000)], seen: [] };
  t.same(memoryOf(kept, ALL, { nowMs: 10, wallMs: 1_000, isComplete: false }).keys, [key('b', undefined, 1_010)]);
  t.end();
});

t.test('the newest are kept, within a bound', (t) => {
  const name = 'k'.repeat(1_000);
  const keys = Array.from({ length: 1_000 }, (_, i) => key(`${name}${i}`, undefined, i));
  const kept = keptOf({ keys, seen: [['s', 1]] }, { nowMs: 0, wallMs: 0 });
  t.ok(kept.keys.length > 100 && kept.keys.length * name.length < SHAPING_BOUNDS.keptShapingBytes);
  t.same(kept.keys, keys.slice(-kept.keys.length));
  t.same(kept.seen, [], 'it is one bound for both');
  t.end();
});
