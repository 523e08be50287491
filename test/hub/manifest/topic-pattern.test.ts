import t from 'tap';
import { capturesOf, parsePattern } from '../../../hub/manifest/topic-pattern.js';

t.test('a named level matches like + and is captured', (t) => {
  const parsed = parsePattern('zigbee2mqtt/{room}/{deviceKind}/#');
  if (!parsed.ok) return t.fail(parsed.fault);
  t.equal(parsed.pattern.filter, 'zigbee2mqtt/+/+/#');
  t.same(capturesOf(parsed.pattern, 'zigbee2mqtt/kitchen/climate/x/y'), { room: 'kitchen', deviceKind: 'climate' });
  t.same(capturesOf(parsed.pattern, 'zigbee2mqtt//climate'), { room: '', deviceKind: 'climate' });
  return t.end();
});

t.test('a pattern that can mean nothing is refused with the reason', (t) => {
  const faults: readonly [string, RegExp][] = [
    ['a/x{room}', /whole level/],
    ['a/{room', /whole level/],
    ['a/{}', /whole level/],
    ['a/{Room}', /small letter/],
    ['a/{__proto__}', /small letter/],
    ['{a}/{a}', /twice/],
    ['a/{topic}', /whole topic/],
    ['$share/group/a', /shared/],
    ['a/#/b', /last level/],
    ['a/b+', /whole level/],
    ['', /empty/],
    [Array.from({ length: 65 }, () => 'a').join('/'), /at most 64 levels/],
  ];
  for (const [pattern, fault] of faults) t.match(parsePattern(pattern), { ok: false, fault }, pattern);
  t.end();
});

t.test('captures cannot be changed by whoever gets them', (t) => {
  const parsed = parsePattern('{a}');
  if (!parsed.ok) return t.fail(parsed.fault);
  t.ok(Object.isFrozen(capturesOf(parsed.pattern, 'x')));
  return t.end();
});
