/** A provider that does not do what it is asked for: the run comes to its end at the hub, and nobody is asked for ever. */
import t from 'tap';
import { NO_FAULTS } from './schedules.js';
import { simulate, type Plan } from './simulated-migration.js';

const STEPS = 60;

function planFor(provider: Plan['provider']): Plan {
  const terms = { pointMs: 4, reclaimMs: 600, isForHere: false, expectedFuel: 0 };
  return { seed: 1, steps: STEPS, terms, faults: NO_FAULTS, movesAt: [10, 25, 40], provider };
}

t.test('a run that moves is at the provider when it has moved once', async (t) => {
  const { broken, moves, messages } = await simulate(planFor(undefined));
  t.equal(broken, undefined);
  t.equal(moves, 3);
  t.ok(messages > 20, `${messages} messages`);
});

t.test('a provider that refuses checkpoints is asked a few times in all, and nothing is executed twice', async (t) => {
  const { broken, outcome, steps, messages } = await simulate(planFor('refuses'));
  t.equal(broken, undefined);
  t.equal(outcome, 'of-the-run');
  t.equal(steps, STEPS);
  t.ok(messages < 20, `${messages} messages`);
});

t.test('a provider that cannot execute what it took gives it up, and nothing is executed twice', async (t) => {
  const { broken, outcome, steps, moves } = await simulate(planFor('cannot-execute'));
  t.equal(broken, undefined);
  t.equal(outcome, 'of-the-run');
  t.ok(moves > 1, 'it was at the provider');
  t.equal(steps, STEPS);
});
