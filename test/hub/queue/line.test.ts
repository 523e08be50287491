import t from 'tap';
import { Line, type Place } from '../../../hub/queue/index.js';

t.test('a line can be left from the front, the middle and the end, and joined at both ends', (t) => {
  const line = new Line<string>();
  const places = new Map<string, Place<string>>();
  for (const item of ['b', 'c', 'd', 'e']) places.set(item, line.push(item));
  places.set('a', line.unshift('a'));
  for (const item of ['c', 'e', 'a']) {
    const place = places.get(item);
    if (place !== undefined) line.remove(place);
  }
  t.equal(line.length, 2);
  line.push('f');
  t.equal(line.first(), 'b');
  t.same([line.shift(), line.shift(), line.shift(), line.shift()], ['b', 'd', 'f', undefined]);
  line.unshift('g');
  line.push('h');
  t.same([line.shift(), line.shift(), line.length], ['g', 'h', 0], 'an empty line is like a new one');
  t.end();
});
