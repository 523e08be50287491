import t from 'tap';
import { TopicIndex } from '../../../hub/registry/topic-index.js';
import { filterMatches } from '../../../runtime/index.js';

t.test('it finds exactly the filters that match by the rules of MQTT', (t) => {
  const level = ['a', 'b', '', '$SYS'];
  const filterLevel = [...level, '+'];
  const filters = new Set<string>();
  for (const first of [...filterLevel, '#']) {
    filters.add(first);
    for (const second of [...filterLevel, '#']) {
      if (first !== '#') filters.add(`${first}/${second}`);
      for (const third of [...filterLevel, '#']) {
        if (first !== '#' && second !== '#') filters.add(`${first}/${second}/${third}`);
      }
    }
  }
  filters.delete('');
  const index = new TopicIndex<string>();
  for (const filter of filters) index.add(filter, filter);
  for (const first of level) {
    for (const second of [undefined, ...level]) {
      for (const third of [undefined, ...level]) {
        const topic = [first, second, ...(second === undefined ? [] : [third])]
          .filter((part) => part !== undefined)
          .join('/');
        if (topic === '') continue;
        const expected = [...filters].filter((filter) => filterMatches(filter, topic));
        t.same(index.match(topic).toSorted(), expected.toSorted(), topic);
      }
    }
  }
  t.end();
});

t.test('the longest topic there can be is looked up', (t) => {
  const index = new TopicIndex<string>();
  index.add('a/#', 'deep');
  t.same(index.match(`a${'/'.repeat(65_534)}`), ['deep']);
  t.same(index.match(Array.from({ length: 200 }, () => 'a').join('/')), ['deep']);
  t.end();
});

t.test('an answer can be kept and changed without harm to the index', (t) => {
  const index = new TopicIndex<string>();
  index.add('a', 'x');
  index.match('a').push('y');
  t.same(index.match('a'), ['x']);
  t.end();
});
