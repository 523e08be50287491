import t from 'tap';
import { filterCovers, filterFault, filterMatches, topicFault } from '../../runtime/index.js';

t.test('a topic is any text but wildcards, U+0000 and too many bytes', (t) => {
  for (const topic of ['a', '/', '//', 'a/b', ' ', 'a b/c', '$SYS/x', 'küche/😀', 'a'.repeat(65_535)]) {
    t.equal(topicFault(topic), undefined, topic.slice(0, 20));
  }
  const refused: readonly (readonly [string, RegExp])[] = [
    ['', /empty/],
    ['a/+', /wildcards/],
    ['a+b', /wildcards/],
    ['#', /wildcards/],
    ['a\0', /U\+0000/],
    ['a'.repeat(65_536), /65535 bytes.*65536/],
    // Each is three bytes: the limit is of bytes, not of characters.
    ['€'.repeat(21_846), /65538/],
  ];
  for (const [topic, fault] of refused) t.match(topicFault(topic), fault, topic.slice(0, 20));
  t.equal(topicFault('€'.repeat(21_845)), undefined);
  t.end();
});

t.test('a wildcard of a filter is a whole level, and # the last', (t) => {
  for (const filter of ['#', '+', '/', 'a/#', '+/+/#', '/+', '+/', 'a//b', '$SYS/#']) {
    t.equal(filterFault(filter), undefined, filter);
  }
  const refused: readonly (readonly [string, RegExp])[] = [
    ['', /empty/],
    ['a/#/b', /last level/],
    ['a#', /last level/],
    ['#/', /last level/],
    ['##', /last level/],
    ['a+', /whole level/],
    ['++', /whole level/],
    ['a/+b/c', /whole level/],
    ['a\0', /U\+0000/],
    ['a'.repeat(65_536), /65535/],
  ];
  for (const [filter, fault] of refused) t.match(filterFault(filter), fault, filter.slice(0, 20));
  t.end();
});

t.test('filters match as the examples of MQTT 3.1.1, section 4.7, say', (t) => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
    ['sport/tennis/player1/#', 'sport/tennis/player10', false],
    ['sport/#', 'sport', true],
    ['sport/tennis/+', 'sport/tennis/player1', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['+/+', '/finance', true],
    ['/+', '/finance', true],
    ['+', '/finance', false],
    ['#', '$SYS/x', false],
    ['+/monitor/Clients', '$SYS/monitor/Clients', false],
    ['$SYS/#', '$SYS/x', true],
    ['$SYS/monitor/+', '$SYS/monitor/Clients', true],
    ['ACCOUNTS', 'Accounts', false],
    ['a/b', 'a/b/', false],
    ['+', '', true],
    ['a/+/c', 'a//c', true],
  ];
  for (const [filter, topic, matches] of cases) t.equal(filterMatches(filter, topic), matches, `${filter} : ${topic}`);
  t.end();
});

t.test('a filter covers what it says', (t) => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['#', 'a/+/#', true],
    ['a/#', 'a', true],
    ['a/#', 'a/#', true],
    ['a/+', 'a/b', true],
    ['a/+', 'a/+', true],
    ['a/b', 'a/+', false],
    ['a/+', 'a/#', false],
    ['+/+', '#', false],
    ['a/+/c', 'a/+/+', false],
    ['#', '$SYS/#', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/a/+', true],
    ['$SYS/+', '#', false],
  ];
  for (const [outer, inner, covers] of cases) t.equal(filterCovers(outer, inner), covers, `${outer} covers ${inner}`);
  t.end();
});

/** All paths of 1 to `depth` levels. */
function paths(levels: readonly string[], depth: number): string[] {
  if (depth === 0) return [];
  const shorter = paths(levels, depth - 1);
  const longest = shorter.filter((path) => path.split('/').length === depth - 1);
  const bases = depth === 1 ? [[]] : longest.map((path) => [path]);
  return [...shorter, ...bases.flatMap((base) => levels.map((level) => [...base, level].join('/')))];
}

t.test('a filter that covers another matches all that the other matches', (t) => {
  // A level that no filter names stands for all the others that there might be.
  const topics = paths(['a', 'b', '', '$s'], 4).filter((topic) => topicFault(topic) === undefined);
  const filters = paths(['a', '', '+', '#', '$s'], 3).filter((filter) => filterFault(filter) === undefined);
  t.ok(filters.length > 80 && topics.length > 300);
  const matched = new Map(filters.map((filter) => [filter, topics.filter((topic) => filterMatches(filter, topic))]));
  let covering = 0;
  for (const outer of filters) {
    const ofOuter = new Set(matched.get(outer));
    for (const inner of filters) {
      const covers = filterCovers(outer, inner);
      const beyond = matched.get(inner)?.find((topic) => !ofOuter.has(topic));
      if (covers) covering++;
      if (covers && beyond !== undefined) t.fail(`${outer} covers ${inner}, which matches ${beyond}`);
      // "+/#" matches all that "#" does and is not seen to: it errs on the side that refuses.
      const exact = !inner.includes('#');
      if (exact && !covers && beyond === undefined) t.fail(`${outer} does not cover ${inner}, all of which it matches`);
    }
  }
  t.ok(covering > filters.length, 'some cover others, not just themselves');
  t.end();
});
