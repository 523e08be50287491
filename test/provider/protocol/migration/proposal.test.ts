/** Who is proposed to go on when the link is lost, and whether the executing side waits. */
import t from 'tap';
import { propose, type ProposalFacts } from '../../../../provider/protocol/migration/proposal.js';

const FACTS: ProposalFacts = {
  side: 'provider',
  isLinked: true,
  terms: { pointMs: 1_000, reclaimMs: 60_000, isForHere: false, expectedFuel: 0 },
  link: { holdMs: () => 20, lossesPerMs: 0 },
  bytes: 1_000,
  fuel: 0,
  fuelPerMs: 0,
  leaseMs: 5_000,
  before: { responsible: 'provider', mode: 'asynchronous' },
};

t.test('the hub is responsible while it executes', (t) => {
  const { responsible, why } = propose({ ...FACTS, side: 'hub' });
  t.equal(responsible, 'hub');
  t.match(why, /as it executes/);
  t.end();
});

t.test('a provider is responsible for what it executes, unless the effects are for devices at the hub', (t) => {
  t.equal(propose(FACTS).responsible, 'provider');
  const forHere = propose({ ...FACTS, terms: { ...FACTS.terms, isForHere: true } });
  t.equal(forHere.responsible, 'hub');
  t.match(forHere.why, /for devices there/);
  t.end();
});

t.test('a run that ends before a lost link is known is left to end', (t) => {
  const terms = { ...FACTS.terms, isForHere: true, expectedFuel: 1_000_000 };
  const near = propose({ ...FACTS, terms, fuel: 900_000, fuelPerMs: 100 });
  t.equal(near.responsible, 'provider');
  t.match(near.why, /ends before a lost link is known/);
  t.equal(propose({ ...FACTS, terms, fuel: 100_000, fuelPerMs: 100 }).responsible, 'hub');
  // More than was expected says nothing of what is left.
  t.equal(propose({ ...FACTS, terms, fuel: 1_100_000, fuelPerMs: 100 }).responsible, 'hub');
  t.end();
});

t.test('what the hub asks for is what is proposed', (t) => {
  const terms = { ...FACTS.terms, responsible: 'hub', mode: 'synchronous' } as const;
  const { responsible, mode, why } = propose({ ...FACTS, terms });
  t.equal(responsible, 'hub');
  t.equal(mode, 'synchronous');
  t.equal(why, 'the hub is responsible, as the hub asked for; synchronous, as the hub asked for');
  t.end();
});

t.test('without a link, who executes goes on', (t) => {
  const terms = { ...FACTS.terms, responsible: 'hub' } as const;
  t.equal(propose({ ...FACTS, terms, isLinked: false }).responsible, 'provider');
  t.end();
});

t.test('a side waits where the link is often lost, and goes on where waiting takes long', (t) => {
  const terms = { ...FACTS.terms, responsible: 'hub' } as const;
  const lossesPerMs = 8 / 600_000;
  const often = propose({ ...FACTS, terms, link: { holdMs: () => 2, lossesPerMs } });
  t.equal(often.mode, 'synchronous');
  t.match(often.why, /^the hub .*; synchronous, as going on costs 26\.7 ms a point and waiting 2\.0 ms$/);
  const slow = propose({ ...FACTS, terms, link: { holdMs: () => 500, lossesPerMs } });
  t.equal(slow.mode, 'asynchronous');
  t.end();
});

t.test('a side does not wait for what it would itself go on from', (t) => {
  const link = { holdMs: () => 2, lossesPerMs: 8 / 600_000 };
  t.equal(propose({ ...FACTS, link }).mode, 'asynchronous');
  t.end();
});

t.test('a mode is left for one that costs half', (t) => {
  const terms = { ...FACTS.terms, responsible: 'hub' } as const;
  // Going on costs 40 ms.
  const link = { lossesPerMs: 40 / 2_000_000 };
  const modeAt = (waitMs: number, mode: 'synchronous' | 'asynchronous'): string =>
    propose({ ...FACTS, terms, link: { ...link, holdMs: () => waitMs }, before: { responsible: 'hub', mode } }).mode;
  t.equal(modeAt(30, 'asynchronous'), 'asynchronous');
  t.equal(modeAt(15, 'asynchronous'), 'synchronous');
  t.equal(modeAt(60, 'synchronous'), 'synchronous');
  t.equal(modeAt(90, 'synchronous'), 'asynchronous');
  t.end();
});
