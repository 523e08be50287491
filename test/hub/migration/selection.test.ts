import t from 'tap';
import { selectMove, type Candidate, type HubLoad } from '../../../hub/migration/selection.js';

const HUB: HubLoad = { fuelPerMs: 1_000_000, runsPerThread: 1, weight: 1 };
const THERE = { fuelPerMs: 1_000_000, queueMs: 0, roundTripMs: 10, bytesPerMs: 10_000 };

/** A run at the hub that has half a minute of work left. */
const RUN: Candidate = {
  runId: 'e/long',
  executes: 'hub',
  provider: 'shed',
  fuel: 10e9,
  expectedFuel: 40e9,
  checkpointBytes: 1_000_000,
  hereForMs: 60_000,
  isForHere: false,
  there: THERE,
};

t.test('a run stays where it is, while both sides are alike', async (t) => {
  t.equal(selectMove([RUN], HUB), undefined);
  t.equal(selectMove([{ ...RUN, executes: 'provider' }], HUB), undefined);
});

t.test('it moves to a provider that is faster, and the reason says what was expected', async (t) => {
  const there = { ...THERE, fuelPerMs: 4_000_000 };
  t.same(selectMove([{ ...RUN, there }], HUB), {
    runId: 'e/long',
    to: 'shed',
    why: 'it is expected to take 30.0 s more here, and 7.6 s at shed',
  });
});

t.test('it moves when this hub is crowded, or on battery, and comes home when it is not any more', async (t) => {
  t.match(selectMove([RUN], { ...HUB, runsPerThread: 3 }), { to: 'shed' });
  t.match(selectMove([RUN], { ...HUB, weight: 2 }), { to: 'shed', why: /work counts 2 times/ });
  const away: Candidate = { ...RUN, executes: 'provider', there: { ...THERE, fuelPerMs: 300_000 } };
  t.same(selectMove([away], HUB)?.to, undefined);
  t.equal(selectMove([away], HUB)?.runId, RUN.runId);
  t.equal(selectMove([away], { ...HUB, runsPerThread: 4 }), undefined);
});

t.test('what has little left, or much memory for a slow link, is not worth the way', async (t) => {
  const there = { ...THERE, fuelPerMs: 4_000_000 };
  t.equal(selectMove([{ ...RUN, fuel: 39e9, there }], HUB), undefined);
  const slow = { ...there, bytesPerMs: 10, roundTripMs: 200 };
  t.equal(selectMove([{ ...RUN, there: slow }], HUB), undefined);
});

t.test('it does not move again at once', async (t) => {
  const there = { ...THERE, fuelPerMs: 4_000_000 };
  t.equal(selectMove([{ ...RUN, there, hereForMs: 1_000 }], HUB), undefined);
});

t.test('of several, the one moves that gains most', async (t) => {
  const there = { ...THERE, fuelPerMs: 4_000_000 };
  const long = { ...RUN, runId: 'e/longer', expectedFuel: 400e9, there };
  t.equal(selectMove([{ ...RUN, there }, long, { ...RUN, there }], HUB)?.runId, 'e/longer');
});

t.test('one of which nothing is known is expected to take as long again as it took', async (t) => {
  const there = { ...THERE, fuelPerMs: 4_000_000 };
  t.match(selectMove([{ ...RUN, expectedFuel: 0, there }], HUB)?.why, /take 10.0 s more here/);
});
