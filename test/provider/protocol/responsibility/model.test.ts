/** All that can happen to a run that moves, tried by SPIN in a model, and the model held against the machine. */
import t, { type Test } from 'tap';
import { compare } from './model-steps.js';
import { isSpinHere, search, walk, type Bounds } from './spin.js';

const SEED = Number(process.env['STERNA_MODEL_SEED'] ?? 1);
const STEPS = Number(process.env['STERNA_MODEL_STEPS'] ?? 1_000_000);

const skip = isSpinHere() ? false : 'SPIN, or the C compiler that it needs, is not installed';

/** `pointsAhead` is never reached by so few points. */
const ASYNCHRONOUS = 4;
const SYNCHRONOUS = 0;

const IS_SOAK = process.env['STERNA_MODEL_SOAK'] !== undefined;

/** Few messages under way and longer runs, or short runs and messages that are overtaken. */
const LONG = { POINTS: 3, EPOCHS: IS_SOAK ? 3 : 2, SLOTS: 1 };
const CROWDED = { POINTS: 2, EPOCHS: 1, SLOTS: 2 };

const SHORT = { POINTS: 3, EPOCHS: 2, SLOTS: 1 };

/** Every state was seen, none is bad, and there is nothing in the model that never happens. */
function holds(t: Test, bounds: Bounds): void {
  const found = search(t.testdir(), bounds);
  t.comment(`${found.states} states, ${found.depth} deep`);
  t.equal(found.error, undefined, 'nothing goes wrong', { trail: found.trail });
  t.ok(found.isComplete, 'the search was complete');
  t.same(found.unreached, [], 'each statement was reached');
  t.ok(found.states > 10_000, `${found.states} states`);
  t.end();
}

const ASYNC = { AHEAD: ASYNCHRONOUS };
const SYNC = { AHEAD: SYNCHRONOUS };
const ALL = 'effects are released once and of one way, and the run ends once it can';
t.test(`asynchronous: ${ALL}`, { skip }, (t) => holds(t, { ...LONG, ...ASYNC, VOLATILE: true, CALM: true }));
t.test(`synchronous: ${ALL}`, { skip }, (t) =>
  holds(t, { ...LONG, ...SYNC, VOLATILE: true, CANCEL: true, CALM: true }),
);
t.test('overtaken messages change nothing in that', { skip }, (t) =>
  holds(t, { ...CROWDED, ...ASYNC, ...(IS_SOAK && { CALM: true, CANCEL: true }) }),
);

// That of a hub has twice the states.
for (const [side, SET_BACK] of Object.entries(IS_SOAK ? { hub: 0, provider: 1 } : { provider: 1 })) {
  t.test(`a ${side} whose disk is set back: the run ends once it can`, { skip }, (t) =>
    holds(t, { POINTS: 2, EPOCHS: 1, SLOTS: 1, ...ASYNC, SET_BACK, CALM: true }),
  );
}

const FLAWS = {
  NO_FENCE: 'an older epoch is admitted',
  EARLY: 'effects are released before their point is held',
  TAKE_BACK: 'a provider takes back what it offered',
};

for (const [name, flaw] of Object.entries(FLAWS)) {
  t.test(`SPIN shows how it goes wrong when ${flaw}`, { skip }, (t) => {
    const { error, trail } = search(t.testdir(), { ...SHORT, ...ASYNC, [name]: true }, true);
    t.match(error, /assertion violated/);
    t.ok(trail.length > 10, 'step by step');
    for (const line of trail) t.comment(line);
    t.end();
  });
}

/** All that happens to a side, for each of them that it can happen to. */
const KINDS = [
  ...['linked', 'loses', 'resends', 'waited', 'reached', 'hears POINT', 'hears HELD'].flatMap((each) => [
    `hub ${each}`,
    `provider ${each}`,
  ]),
  'hub hears NOTHING',
  'provider hears OVER',
  'provider forgets',
];

for (const [mode, AHEAD] of Object.entries({ synchronous: SYNCHRONOUS, asynchronous: ASYNCHRONOUS }) as [
  'synchronous' | 'asynchronous',
  number,
][]) {
  t.test(`the machine does what the model does, ${mode}`, { skip }, (t) => {
    const bounds = { POINTS: 7, EPOCHS: 4, SLOTS: 2, AHEAD };
    const fixed = { points: 7, mode };
    const moving = compare(walk(t.testdir(), { ...bounds, VOLATILE: true }, { seed: SEED, steps: STEPS }), fixed);
    t.equal(moving.difference, undefined);
    t.comment(JSON.stringify(Object.fromEntries(moving.kinds)));
    for (const kind of KINDS) t.ok(moving.kinds.has(kind), kind);
    t.ok(moving.steps > 10_000 || STEPS < 1_000_000, `${moving.steps} steps`);
    const cancelled = compare(walk(t.testdir(), { ...bounds, CANCEL: true }, { seed: SEED, steps: STEPS / 4 }), fixed);
    t.equal(cancelled.difference, undefined);
    t.ok(cancelled.kinds.has('hub cancels'));
    for (const [side, SET_BACK] of Object.entries({ hub: 0, provider: 1 })) {
      const few = { seed: SEED, steps: STEPS / 4 };
      const setBack = compare(walk(t.testdir(), { ...bounds, EPOCHS: 2, SET_BACK }, few), fixed);
      t.equal(setBack.difference, undefined);
      t.ok(setBack.kinds.has(`${side} goes-back`));
    }
    t.end();
  });
}
