/** Runs move of their own accord for what lasts, and do not flap. */
import t from 'tap';
import { createLog } from '../../../hub/log.js';
import type { Links } from '../../../hub/migration/index.js';
import { Selector } from '../../../hub/migration/selector.js';
import type { PendingRun } from '../../../hub/pending-run.js';
import type { Job } from '../../../hub/scheduler/index.js';
import { virtualTimer } from '../virtual-timer.js';

/** What a run takes in all, and what is known of it. */
const EXPECTED = 1_000e9;
const HERE = { fuelPerMs: 1_000_000, weight: 1 };

interface World {
  /** Runs for the one thread here, at each look. */
  load: (look: number) => number;
  weight: number;
  readonly outlook: ReturnType<Links['outlook']>;
  readonly measured?: number;
  /** Whether placement began it at the provider. */
  readonly beganThere?: boolean;
  readonly pointBytes?: number;
  /** Whether the first answer is a fault. */
  failsFirst?: boolean;
}

/** A hub with one run, at the pace of a clock that is set by hand. */
function hubWith(world: World) {
  const timer = virtualTimer();
  const job = {
    value: {
      runId: 'e/long',
      attempt: 1,
      seed: 1,
      task: { manifest: { name: 'long' }, installed: { resumable: 'all', initialMemoryBytes: 1e6 } },
    },
    probe: false,
  } as unknown as Job<PendingRun>;
  const moves: { readonly to: string | undefined; readonly atMs: number; readonly why: string }[] = [];
  let looks = 0;
  let place: 'hub' | 'provider' | undefined = world.beganThere === true ? 'provider' : undefined;
  const selector = new Selector({
    migrations: {
      has: () => place !== undefined,
      of: () => (place === undefined ? undefined : ({ executes: place, provider: 'shed', fuel: 0 } as never)),
      pointBytes: () => undefined,
      bytesPerMs: () => world.measured,
      migrate: (_, to, why) => {
        if (world.failsFirst === true) {
          world.failsFirst = false;
          return Promise.reject(new Error('the disk is full'));
        }
        place = to === undefined ? 'hub' : 'provider';
        moves.push({ to, atMs: timer.nowMs(), why });
        return Promise.resolve({ ok: true });
      },
    },
    links: {
      outlook: () => world.outlook,
      here: () => ({ ...HERE, weight: world.weight }),
      prospects: () => ({ isForHere: false, expectedFuel: EXPECTED }),
      refusal: () => undefined,
    },
    runs: () => [job],
    fuelOf: () => 0,
    pointBytesOf: () => world.pointBytes,
    occupancy: () => ({
      threads: 1,
      idle: 0,
      executing: [],
      waiting: Array.from({ length: world.load(looks++) }, () => ({ runId: 'other' })) as never,
      apart: [],
    }),
    timer,
    log: createLog('silent'),
  });
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      timer.pass(1_000);
      // The next look is after what was decided is done.
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    }
  };
  return { timer, moves, selector, pass };
}

const LIKE_HERE = { provider: 'shed', fuelPerMs: 1_000_000, queueMs: 0, roundTripMs: 10, bytesPerMs: 10_000 };

t.test('a run leaves a hub that is crowded for long, and stays for one that is for a moment', async (t) => {
  const peak = hubWith({
    load: (look) => (look === 20 ? 9 : 1),
    weight: 1,
    outlook: { ...LIKE_HERE, fuelPerMs: 700_000 },
  });
  await peak.pass(120_000);
  t.same(peak.moves, []);
  const crowd = hubWith({
    load: (look) => (look >= 20 ? 9 : 1),
    weight: 1,
    outlook: { ...LIKE_HERE, fuelPerMs: 700_000 },
  });
  await crowd.pass(120_000);
  t.equal(crowd.moves.length, 1);
  t.match(crowd.moves[0], { to: 'shed', why: /^it is expected to take / });
});

t.test('a load that is noisy about what a move is worth has a run move twice in an hour at most', async (t) => {
  for (const seed of [1, 2, 3, 4, 5]) {
    let state = seed;
    const noise = (): number => {
      state = (state * 48_271) % 2_147_483_647;
      return 1 + (state % 3);
    };
    // At a mean load of two, the provider is as good as here.
    const { moves, pass } = hubWith({ load: noise, weight: 1, outlook: { ...LIKE_HERE, fuelPerMs: 500_000 } });
    await pass(3_600_000);
    t.ok(moves.length <= 2, `seed ${seed}: ${moves.length} moves`);
  }
});

t.test(
  'a run comes home when the hub is not to be spared any more, and not before it was there for a while',
  async (t) => {
    const world = { load: () => 1, weight: 2, outlook: { ...LIKE_HERE, fuelPerMs: 700_000 } };
    const { moves, pass } = hubWith(world);
    await pass(20_000);
    t.same(
      moves.map(({ to }) => to),
      ['shed'],
    );
    world.weight = 1;
    await pass(20_000);
    t.same(
      moves.map(({ to }) => to),
      ['shed', undefined],
    );
    t.ok((moves[1]?.atMs ?? 0) - (moves[0]?.atMs ?? 0) >= 10_000);
  },
);

t.test('a run that began at the provider is fetched where that is worth it, not at once, and once', async (t) => {
  const slower = { ...LIKE_HERE, fuelPerMs: 500_000 };
  const { moves, pass } = hubWith({ load: () => 1, weight: 1, outlook: slower, beganThere: true });
  await pass(10_000);
  t.same(moves, [], 'it stays there for a while');
  await pass(600_000);
  t.same(
    moves.map(({ to }) => to),
    [undefined],
  );
  const alike = hubWith({ load: () => 1, weight: 1, outlook: LIKE_HERE, beganThere: true });
  await alike.pass(600_000);
  t.same(alike.moves, [], 'where it is as good there, it stays');
});

t.test('its last point and the link as it was measured count, not what is assumed', async (t) => {
  const world = { load: () => 1, weight: 2, outlook: LIKE_HERE };
  const assumed = hubWith(world);
  await assumed.pass(30_000);
  t.equal(assumed.moves.length, 1);
  const slow = hubWith({ ...world, measured: 0.5 });
  await slow.pass(30_000);
  t.same(slow.moves, [], 'what is gained is lost on the way');
  const small = hubWith({ ...world, measured: 0.5, pointBytes: 10_000 });
  await small.pass(30_000);
  t.equal(small.moves.length, 1);
});

t.test('a selector that was stopped looks no more', async (t) => {
  const { timer, moves, selector, pass } = hubWith({ load: () => 9, weight: 9, outlook: LIKE_HERE });
  selector.stop();
  t.equal(timer.pending, 0);
  await pass(60_000);
  t.same(moves, []);
});

t.test('a move that failed is tried again at a later look', async (t) => {
  const outlook = { ...LIKE_HERE, fuelPerMs: 700_000 };
  const { moves, pass } = hubWith({ load: () => 9, weight: 1, outlook, failsFirst: true });
  await pass(60_000);
  t.equal(moves.length, 1);
});
