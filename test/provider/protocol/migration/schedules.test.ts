/** Seeded schedules of all that can happen to a run that moves, played by the real drivers. */
import t, { type Test } from 'tap';
import { inThread } from './in-thread.js';
import type { Played, Schedules } from './play-schedules.js';

const SCHEDULES = Number(process.env['STERNA_MIGRATION_SCHEDULES'] ?? 10_000);
const SEED = Number(process.env['STERNA_MIGRATION_SEED'] ?? 1);

t.setTimeout(55_000 + SCHEDULES * 10);

/** In two threads. */
async function play(kind: Schedules['kind'], schedules: number): Promise<readonly Played[]> {
  const half = Math.ceil(schedules / 2);
  return Promise.all([
    inThread('schedules', { kind, firstSeed: SEED, schedules: half }),
    inThread('schedules', { kind, firstSeed: SEED + half, schedules: schedules - half }),
  ]);
}

function sum(all: readonly Played[], of: 'moves' | 'steps' | 'needed'): number {
  return all.reduce((total, each) => total + each[of], 0);
}

function refuseBroken(t: Test, all: readonly Played[]): void {
  const broken = all.find((each) => each.broken !== undefined)?.broken;
  if (broken !== undefined) t.comment([`STERNA_MIGRATION_SEED=${broken.seed}`, ...broken.trace.slice(-100)].join('\n'));
  t.equal(broken?.what, undefined);
}

t.test(`a run that moves has the one result it would have had, in ${SCHEDULES} schedules`, async (t) => {
  const all = await play('any', SCHEDULES);
  refuseBroken(t, all);
  const moves = sum(all, 'moves');
  const inVain = sum(all, 'steps') - sum(all, 'needed');
  t.comment(`${moves} moves, ${inVain} steps executed in vain`);
  t.ok(SCHEDULES < 100 || (moves > SCHEDULES && inVain > SCHEDULES / 4), 'runs moved, and were executed in vain');
});

t.test('nothing is executed twice while there is a link and the sides wait for each other', async (t) => {
  const schedules = Math.ceil(SCHEDULES / 20);
  const all = await play('undisturbed', schedules);
  refuseBroken(t, all);
  t.ok(sum(all, 'moves') > schedules);
});

// What needs a crash at one moment is found out by `crash-sweep`.
for (const flaw of [
  'an older epoch is admitted',
  'a result is accepted before its point is held',
  'a provider takes back what it has offered',
] as const) {
  t.test(`it is found out when ${flaw}`, async (t) => {
    const { broken } = await inThread('schedules', { kind: 'any', firstSeed: 1, schedules: 20_000, flaw });
    t.comment(`seed ${broken?.seed}: ${broken?.what}`);
    t.not(broken, undefined);
  });
}
