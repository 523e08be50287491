import t from 'tap';
import { PacedLines } from '../../provider/paced-lines.js';
import { PROVIDER_BOUNDS } from '../../provider/policy.js';

const { linesPerSecond: MOST } = PROVIDER_BOUNDS;

t.test('of one kind a few lines are shown in a second, and how many there were, and others are not hidden', (t) => {
  let nowMs = 5_000;
  const shown: string[] = [];
  const lines = new PacedLines(
    (line) => shown.push(line),
    () => nowMs,
  );
  for (let i = 0; i < MOST + 7; i++) lines.say('refused', `refused ${i}`);
  lines.say('session', 'a session');
  t.equal(shown.length, MOST + 1);
  t.equal(shown.at(-1), 'a session');
  nowMs += 999;
  lines.say('refused', 'one more');
  t.equal(shown.length, MOST + 1);
  nowMs += 1;
  lines.say('refused', 'the next second');
  t.strictSame(shown.slice(MOST + 1), ['refused: 8 more were left out', 'the next second']);
  nowMs += 5_000;
  lines.say('refused', 'later');
  t.equal(shown.at(-1), 'later');
  t.end();
});
