import t from 'tap';
import { LOOP_BOUNDS } from '../../../hub/loops/limits.js';
import { OwnPublishes } from '../../../hub/loops/index.js';
import { virtualTimer } from '../virtual-timer.js';

const message = (topic: string, text = ''): { topic: string; payload: Uint8Array } => ({
  topic,
  payload: Buffer.from(text),
});

t.test('a message of ours that comes back is known once, and those of others are not', (t) => {
  const own = new OwnPublishes(virtualTimer());
  own.note(message('x', 'on'), ['a']);
  t.same(own.chainOf(message('x', 'off')), []);
  t.same(own.chainOf(message('xo', 'n')), [], 'topic and payload are kept apart');
  t.same(own.chainOf(message('x', 'on')), ['a']);
  t.same(own.chainOf(message('x', 'on')), []);
  t.end();
});

t.test('equal messages are known in the order in which they were published', (t) => {
  const own = new OwnPublishes(virtualTimer());
  own.note(message('x'), ['a']);
  own.note(message('x'), ['b']);
  t.same(own.chainOf(message('x')), ['a']);
  own.note(message('x'), ['c']);
  t.same(own.chainOf(message('x')), ['b']);
  t.same(own.chainOf(message('x')), ['c']);
  t.end();
});

t.test('what does not come back in time is forgotten', (t) => {
  const timer = virtualTimer();
  const own = new OwnPublishes(timer);
  own.note(message('x'), ['a']);
  timer.pass(LOOP_BOUNDS.recentPublishMs - 1);
  own.note(message('x'), ['b']);
  timer.pass(1);
  t.same(own.chainOf(message('x')), ['b']);
  t.end();
});

t.test('no more than a bound are remembered: the oldest is forgotten', (t) => {
  const own = new OwnPublishes(virtualTimer());
  for (let i = 0; i <= LOOP_BOUNDS.recentPublishes; i++) own.note(message(`x/${i}`), ['a']);
  t.same(own.chainOf(message('x/0')), []);
  t.same(own.chainOf(message('x/1')), ['a']);
  t.end();
});
