/**
 * Placement by cost over links and loads: a model of two machines in virtual time, in which every run takes what it
 * takes, and placement knows only what it has measured.
 */
import t from 'tap';
import { decide } from '../../../hub/placement/decide.js';
import { Measurements } from '../../../hub/placement/measurements.js';
import { Standings } from '../../../hub/placement/standings.js';

interface World {
  readonly name: string;
  /** Fuel per millisecond. */
  readonly localSpeed: number;
  readonly remoteSpeed: number;
  readonly roundTripMs: number;
  readonly bytesPerMs: number;
  /** What a run waits at the provider, as others use it too. */
  readonly remoteQueueMs: number;
  /** Fuel of a run, by its payload. */
  readonly fuelOf: (payloadBytes: number) => number;
  readonly payloadBytes: readonly number[];
  /** Between two runs. */
  readonly everyMs: number;
}

interface Played {
  readonly totalMs: number;
  /** Decisions for the side that took less time. */
  readonly right: number;
  readonly runs: number;
}

const THREADS = 2;

/** Plays runs one after the other on a clock. @param side undefined: by cost. */
function play(world: World, side: 'local' | 'remote' | undefined, runs = 400): Played {
  const measurements = new Measurements();
  const threads = Array.from({ length: THREADS }, () => 0);
  const standings = new Standings();
  let [nowMs, totalMs, right] = [0, 0, 0];
  for (let i = 0; i < runs; i++, nowMs += world.everyMs) {
    const payloadBytes = world.payloadBytes[i % world.payloadBytes.length] ?? 0;
    const fuel = world.fuelOf(payloadBytes);
    const freeAtMs = Math.min(...threads);
    const localMs = Math.max(0, freeAtMs - nowMs) + fuel / world.localSpeed;
    const transportMs = world.roundTripMs + payloadBytes / world.bytesPerMs;
    const remoteMs = transportMs + world.remoteQueueMs + fuel / world.remoteSpeed;
    const expectedFuel = measurements.expectedFuel('x', payloadBytes);
    const decision = decide({
      policy: 'auto',
      keptHere: undefined,
      fuel: expectedFuel,
      local: {
        ...measurements.speedOf('local', 'x', expectedFuel, nowMs),
        queueMs: Math.max(0, freeAtMs - nowMs),
        backlogMs: 0,
        weight: 1,
        hasRoom: true,
      },
      remote: {
        name: 'p',
        ...measurements.speedOf('p', 'x', expectedFuel, nowMs),
        queueMs: world.remoteQueueMs,
        transportMs: measurements.transportMs('p', payloadBytes, world.roundTripMs, nowMs),
        hasRoom: true,
      },
      standing: standings.of('x', payloadBytes),
      nowMs,
    });
    const chosen = side ?? (decision.side === 'remote' ? 'remote' : 'local');
    standings.note('x', payloadBytes, chosen, nowMs);
    measurements.noteFuel('x', payloadBytes, fuel);
    if (chosen === 'local') {
      threads[threads.indexOf(freeAtMs)] = Math.max(freeAtMs, nowMs) + fuel / world.localSpeed;
      measurements.noteSpeed('local', 'x', { fuel, wallMs: fuel / world.localSpeed }, nowMs);
      totalMs += localMs;
    } else {
      measurements.noteSpeed('p', 'x', { fuel, wallMs: fuel / world.remoteSpeed }, nowMs);
      measurements.noteTransport('p', payloadBytes, transportMs, nowMs);
      totalMs += remoteMs;
    }
    const better = remoteMs < localMs ? 'remote' : 'local';
    // Where both take the same within a quarter, neither is wrong.
    const isClose = Math.abs(remoteMs - localMs) < Math.max(0.5, Math.max(localMs, remoteMs) / 4);
    if (chosen === better || isClose) right++;
  }
  return { totalMs, right, runs };
}

const LINKS = [
  { link: 'same network', roundTripMs: 1, bytesPerMs: 50_000 },
  { link: 'city', roundTripMs: 20, bytesPerMs: 5_000 },
  { link: 'mobile', roundTripMs: 80, bytesPerMs: 300 },
  { link: 'satellite', roundTripMs: 600, bytesPerMs: 100 },
];
const LOADS = [
  { load: 'tiny', fuelOf: () => 20_000, payloadBytes: [100], everyMs: 5 },
  { load: 'heavy', fuelOf: () => 50_000_000, payloadBytes: [1_000], everyMs: 1_000 },
  { load: 'heavy and often', fuelOf: () => 50_000_000, payloadBytes: [1_000], everyMs: 60 },
  { load: 'by size', fuelOf: (bytes: number) => 200 * bytes, payloadBytes: [200, 50_000, 400_000], everyMs: 200 },
];
const MACHINES = [
  { machine: 'a board and a server', localSpeed: 200_000, remoteSpeed: 2_000_000, remoteQueueMs: 0 },
  { machine: 'equals', localSpeed: 1_000_000, remoteSpeed: 1_000_000, remoteQueueMs: 0 },
  { machine: 'a server that is busy', localSpeed: 200_000, remoteSpeed: 2_000_000, remoteQueueMs: 300 },
];
const TABLE = LINKS.flatMap(({ link, ...network }) =>
  LOADS.flatMap(({ load, ...work }) =>
    MACHINES.map(({ machine, ...speeds }): World => ({
      name: `${link}, ${load}, ${machine}`,
      ...network,
      ...work,
      ...speeds,
    })),
  ),
);

t.test(`over ${TABLE.length} worlds, nine of ten runs go where they take less time, or nearly so`, (t) => {
  let [right, runs] = [0, 0];
  for (const world of TABLE) {
    const played = play(world, undefined);
    right += played.right;
    runs += played.runs;
    t.ok(played.right / played.runs > 0.6, `${world.name}: ${Math.round((100 * played.right) / played.runs)} %`);
  }
  t.ok(right / runs >= 0.9, `${((100 * right) / runs).toFixed(1)} %`);
  t.end();
});

t.test('in no world does it take more than 1.3 times the better of the two plain policies', (t) => {
  for (const world of TABLE) {
    const best = Math.min(play(world, 'local').totalMs, play(world, 'remote').totalMs);
    const ratio = play(world, undefined).totalMs / best;
    t.ok(ratio <= 1.3, `${world.name}: ${ratio.toFixed(2)}`);
  }
  t.end();
});
