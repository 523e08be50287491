/** When a machine counts as hot. */
import t from 'tap';
import { hottest, isHot } from '../../../hub/placement/index.js';

t.test('a machine is as hot as its hottest zone', (t) => {
  t.equal(hottest([{ temp: '45000' }, { temp: '81500' }, { temp: '20000' }]), 81.5);
  t.end();
});

t.test('a sensor that says nothing, or nothing sensible, does not count', (t) => {
  t.equal(hottest([]), undefined);
  t.equal(
    hottest([{ temp: undefined }, { temp: '' }, { temp: 'x' }, { temp: '-274000' }, { temp: '9999000' }]),
    undefined,
  );
  t.equal(hottest([{ temp: '-274000' }, { temp: '30000' }]), 30);
  t.notOk(isHot(undefined, 80, true));
  t.end();
});

t.test('what is hot stays so until it is five degrees cooler', (t) => {
  let hot = false;
  const seen = [79, 80, 79, 76, 75, 74, 79, 80].map((degrees) => (hot = isHot(degrees, 80, hot)));
  t.same(seen, [false, true, true, true, true, false, false, true]);
  t.end();
});
