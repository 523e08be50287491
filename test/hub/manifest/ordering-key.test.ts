import t from 'tap';
import { keyOf, parseKeyTemplate } from '../../../hub/manifest/ordering-key.js';

t.test('without a template, all captures together are the key', (t) => {
  t.equal(keyOf({ kind: 'captures' }, 'a/b', { room: 'kitchen', device: 'lamp' }), 'kitchen/lamp');
  t.equal(keyOf({ kind: 'captures' }, 'a/b', {}), '', 'the task as a whole');
  t.equal(keyOf({ kind: 'none' }, 'a/b', { room: 'kitchen' }), undefined);
  t.end();
});

t.test('a template is filled in with captures and the topic', (t) => {
  const parsed = parseKeyTemplate('room-{room}:{topic}');
  if (!parsed.ok) return t.fail(parsed.fault);
  t.equal(keyOf({ kind: 'template', parts: parsed.parts }, 'a/b', { room: 'hall' }), 'room-hall:a/b');
  return t.end();
});

t.test('a template with unpaired braces or nothing in it is refused', (t) => {
  for (const wrong of ['', '{', '}', '{room', 'room}', '{}', '{Room}', '{a b}'])
    t.match(parseKeyTemplate(wrong), { ok: false }, wrong);
  t.end();
});
