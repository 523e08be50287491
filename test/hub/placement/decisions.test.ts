import t from 'tap';
import { Decisions } from '../../../hub/placement/decisions.js';
import { PLACEMENT_BOUNDS } from '../../../hub/placement/limits.js';
import type { Decision } from '../../../hub/placement/decide.js';

const decision = (reason: string): Decision => ({ side: 'local', fuel: 0, reason });

t.test('of so many runs it is known where they were placed: the latest', (t) => {
  const decisions = new Decisions();
  for (let i = 0; i <= PLACEMENT_BOUNDS.decisions; i++) decisions.note(`${i}`, decision('here'));
  t.same(decisions.of('0'), []);
  t.same(decisions.of('1'), [decision('here')]);
  t.same(decisions.of(`${PLACEMENT_BOUNDS.decisions}`), [decision('here')]);
  t.end();
});

t.test('of a run that is placed again and again the first reason and the last ones are known', (t) => {
  const decisions = new Decisions();
  for (let i = 0; i < 100; i++) decisions.note('run', decision(`${i}`));
  const reasons = decisions.of('run').map(({ reason }) => reason);
  t.equal(reasons[0], '0');
  t.equal(reasons.at(-1), '99');
  t.ok(reasons.length < 20, `${reasons.length} reasons`);
  t.end();
});
