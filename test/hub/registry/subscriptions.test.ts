import t from 'tap';
import type { Trigger } from '../../../hub/manifest/index.js';
import { filtersOverlap, joinFilters, subscriptionsFor } from '../../../hub/registry/subscriptions.js';
import { filterCovers, filterMatches } from '../../../runtime/index.js';

const trigger = (filter: string, qos: 0 | 1 = 1): Trigger => ({
  pattern: { filter, captures: [] },
  timer: undefined,
  qos,
  shaping: undefined,
});

/** All filters, or all topics, of up to three levels over a small alphabet. */
function upToThree(levels: readonly string[]): string[] {
  const two = levels.flatMap((first) => levels.map((second) => `${first}/${second}`));
  const three = two.flatMap((start) => levels.map((last) => `${start}/${last}`));
  return [...levels, ...two, ...three].filter((text) => text !== '' && !/#\//.test(text));
}

const FILTERS = upToThree(['a', 'b', '$s', '+', '#']);
const TOPICS = upToThree(['a', 'b', 'c', '$s', '']);

t.test('two filters overlap when some topic is matched by both, and their join then covers them', (t) => {
  const matched = new Map(
    FILTERS.map((filter) => [filter, new Set(TOPICS.filter((topic) => filterMatches(filter, topic)))]),
  );
  let wrong = 0;
  for (const a of FILTERS) {
    for (const b of FILTERS) {
      const common = [...(matched.get(a) ?? [])].some((topic) => matched.get(b)?.has(topic));
      if (filtersOverlap(a, b) !== common) t.fail(`${a} and ${b}: ${++wrong}`);
      if (!common) continue;
      const join = joinFilters(a, b);
      if (!filterCovers(join, a) || !filterCovers(join, b)) t.fail(`${join} of ${a} and ${b}: ${++wrong}`);
    }
  }
  t.equal(wrong, 0);
  t.end();
});

t.test('a filter that another covers is not subscribed to, and its QoS is kept', (t) => {
  const all = [trigger('home/+/motion', 1), trigger('garden/x', 0), trigger('home/#', 0), trigger('garden/x', 0)];
  t.same(subscriptionsFor(all), [
    { filter: 'home/#', qos: 1 },
    { filter: 'garden/x', qos: 0 },
  ]);
  t.end();
});

t.test('no event can come twice: filters that overlap become one', (t) => {
  const all = [trigger('a/+/c', 0), trigger('x/y', 0), trigger('a/b/+', 1)];
  t.same(subscriptionsFor(all), [
    { filter: 'x/y', qos: 0 },
    { filter: 'a/+/+', qos: 1 },
  ]);
  // The join of the first and the last, q/+/+, overlaps with the one between.
  const chain = [trigger('q/+/z', 0), trigger('q/d/y', 0), trigger('q/p/+', 0)];
  t.same(subscriptionsFor(chain), [{ filter: 'q/+/+', qos: 0 }]);
  t.end();
});

t.test('$SYS and # stay two', (t) => {
  t.equal(subscriptionsFor([trigger('#'), trigger('$SYS/#')]).length, 2);
  t.end();
});
