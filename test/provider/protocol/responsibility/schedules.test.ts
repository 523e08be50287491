/** Seeded schedules of everything that can happen between a hub and a provider, and every crash of a short migration. */
import t from 'tap';
import {
  SAFETY_RULES,
  type Proposal,
  type Side,
  type Stub,
} from '../../../../provider/protocol/responsibility/index.js';
import { simulate, type Ending, type Faults, type Plan } from './simulated-pair.js';

const SCHEDULES = Number(process.env['STERNA_RESPONSIBILITY_SCHEDULES'] ?? 10_000);
const SEED = Number(process.env['STERNA_RESPONSIBILITY_SEED'] ?? 1);

const NO_FAULTS: Faults = { lost: 0, doubled: 0, delayMs: 2, cut: 0, crash: 0, stop: 0, cancel: 0 };

/** Some seeds are rough in all, others in one thing only. */
function faultsOf(seed: number): Faults {
  const rough = (bit: number): number => ((seed >> bit) & 1) * (1 + (seed % 3));
  return {
    lost: 0.08 * rough(0),
    doubled: 0.1 * rough(1),
    delayMs: seed % 5 === 0 ? 60 : 3,
    cut: 0.01 * rough(2),
    crash: 0.006 * rough(3),
    stop: 0.01 * rough(4),
    cancel: seed % 7 === 0 ? 0.002 : 0,
  };
}

function planOf(seed: number): Plan {
  return { seed, points: 3 + (seed % 12), faults: faultsOf(seed), isVolatile: seed % 4 === 3 };
}

/** The last of a trace is where it broke. */
function shown(seed: number, { broken, trace }: Ending): string {
  return `STERNA_RESPONSIBILITY_SEED=${seed}: ${broken}\n${trace.slice(-60).join('\n')}`;
}

t.test(`effects are released once and in order, and the run ends once, in ${SCHEDULES} schedules`, (t) => {
  let moves = 0;
  let inVain = 0;
  for (let seed = SEED; seed < SEED + SCHEDULES; seed++) {
    const ending = simulate(planOf(seed));
    moves += ending.moves;
    inVain += ending.inVain;
    if (ending.broken === undefined) continue;
    t.fail(shown(seed, ending));
    break;
  }
  t.comment(`${moves} moves, ${inVain} points executed in vain`);
  t.ok(SCHEDULES < 100 || (moves > SCHEDULES && inVain > SCHEDULES / 4), 'runs moved, and were executed in vain');
  t.end();
});

/** To the provider at 2, home at 5, there again at 7. */
function scripted(mode: Proposal['mode'], responsible: Side): Plan['propose'] {
  return (_, point) => ({ responsible, mode, offer: point === 2 || point === 5 || point === 7, end: false });
}

for (const mode of ['synchronous', 'asynchronous'] as const) {
  for (const responsible of ['hub', 'provider'] as const) {
    t.test(`a crash at any action of a ${mode} migration, the ${responsible} responsible, changes nothing`, (t) => {
      const plan = { seed: 1, points: 9, faults: NO_FAULTS, propose: scripted(mode, responsible) };
      const calm = simulate(plan);
      t.equal(calm.broken, undefined);
      t.ok(calm.moves >= 3, `${calm.moves} moves`);
      let crashes = 0;
      for (const side of ['hub', 'provider'] as const) {
        for (const isVolatile of side === 'hub' ? [false] : [false, true]) {
          for (let action = 0; action < calm.actions[side]; action++) {
            const ending = simulate({ ...plan, isVolatile, crashAt: { side, action } });
            crashes++;
            const what = `${side}, action ${action}: ${ending.broken}\n${ending.trace.slice(-60).join('\n')}`;
            if (ending.broken !== undefined) t.fail(what);
          }
        }
      }
      t.ok(crashes > 50, `${crashes} crashes`);
      t.end();
    });
  }
}

const FLAWS = {
  'an older epoch is admitted': { ...SAFETY_RULES, admits: () => true },
  'effects are released before their point is held': { ...SAFETY_RULES, releasable: (stub: Stub) => stub.point },
  'a provider takes back what it offered': { ...SAFETY_RULES, mayTakeBack: () => true },
};

for (const [flaw, rules] of Object.entries(FLAWS)) {
  t.test(`it is found out when ${flaw}`, (t) => {
    const seeds = Array.from({ length: 400 }, (_, index) => index + 1);
    const found = seeds.find((seed) => simulate({ ...planOf(seed), rules }).broken !== undefined);
    t.not(found, undefined);
    t.end();
  });
}
