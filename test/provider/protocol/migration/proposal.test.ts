/** Who is proposed to go on when the link is lost, and whether the executing side waits. */
import t from 'tap';
import type { Terms } from '../../../../provider/protocol/migration/index.js';
import { propose, type Proposed, type ProposalFacts } from '../../../../provider/protocol/migration/proposal.js';

const FACTS: ProposalFacts = {
  side: 'provider',
  isLinked: true,
  terms: { pointMs: 1_000, reclaimMs: 60_000, isForHere: false, expectedFuel: 0 },
  link: { holdMs: () => 20, lossesPerMs: 0, bytesPerMs: undefined, outageMs: 10_000 },
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

t.test('a provider is responsible for what it executes when nothing at the hub waits for the effects', (t) => {
  const { responsible, why } = propose(FACTS);
  t.equal(responsible, 'provider');
  t.match(why, /nothing waits for the effects/);
  t.end();
});

/** Its effects are for devices at the hub; it takes 100 fuel in a millisecond, and has this much left. */
function forHere(leftMs: number, more: Partial<ProposalFacts> = {}, terms: Partial<Terms> = {}): Proposed {
  const expectedFuel = 10_000_000;
  const all = { ...FACTS.terms, isForHere: true, expectedFuel, ...terms };
  const before = { responsible: 'hub', mode: 'asynchronous' } as const;
  return propose({ ...FACTS, fuel: expectedFuel - leftMs * 100, fuelPerMs: 100, before, ...more, terms: all });
}

t.test('a run that ends before a lost link is known is left to end', (t) => {
  const near = forHere(1_000, {}, { isUrgent: true });
  t.equal(near.responsible, 'provider');
  t.match(near.why, /ends before a lost link is known/);
  t.equal(forHere(9_000, {}, { isUrgent: true }).responsible, 'hub');
  // More than was expected says nothing of what is left.
  t.equal(forHere(-1_000, {}, { isUrgent: true }).responsible, 'hub');
  t.end();
});

t.test('what goes on longer than a lost link is left to the provider, what would wait for the link is not', (t) => {
  const long = forHere(60_000);
  t.equal(long.responsible, 'provider');
  t.match(long.why, /^the provider is responsible, as it has 60.0 s left, and a lost link takes 10.0 s;/);
  const short = forHere(9_000);
  t.equal(short.responsible, 'hub');
  t.match(short.why, /^the hub is responsible, as it has 9.0 s left, and a lost link takes 10.0 s;/);
  t.end();
});

t.test('a link that is lost for longer makes the hub responsible for more', (t) => {
  t.equal(forHere(60_000, { link: { ...FACTS.link, outageMs: 50_000 } }).responsible, 'hub');
  const never = forHere(9_000_000, { link: { ...FACTS.link, outageMs: 61_000 } });
  t.equal(never.responsible, 'hub', 'the hub would take it back before the link is there again');
  t.match(never.why, /as a lost link takes 61.0 s and it waits 60.0 s only/);
  t.end();
});

t.test('what is left and an outage that are about the same do not change who is responsible', (t) => {
  const withBefore = (leftMs: number, responsible: 'hub' | 'provider'): string =>
    forHere(leftMs, { before: { responsible, mode: 'asynchronous' } }).responsible;
  t.equal(withBefore(12_000, 'hub'), 'hub');
  t.equal(withBefore(12_000, 'provider'), 'provider');
  t.equal(withBefore(16_000, 'hub'), 'provider');
  t.equal(withBefore(9_000, 'provider'), 'hub');
  t.end();
});

t.test('a run of which nobody knows is taken to go on as long again as it took', (t) => {
  const unknown = (fuel: number): string => forHere(0, { fuel }, { expectedFuel: 0 }).responsible;
  t.equal(unknown(1_000_000), 'hub');
  t.equal(unknown(2_000_000), 'provider');
  t.end();
});

t.test('the hub is responsible for effects that devices wait for, even on battery', (t) => {
  const { responsible, why } = forHere(60_000, {}, { isUrgent: true, sparesHub: true });
  t.equal(responsible, 'hub');
  t.match(why, /as devices there wait for the effects/);
  t.end();
});

t.test('a hub on battery is not responsible for what can wait', (t) => {
  const { responsible, why } = forHere(9_000, {}, { sparesHub: true });
  t.equal(responsible, 'provider');
  t.match(why, /as the hub is on battery or hot/);
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
  const often = propose({ ...FACTS, terms, link: { ...FACTS.link, holdMs: () => 2, lossesPerMs } });
  t.equal(often.mode, 'synchronous');
  t.match(often.why, /^the hub .*; synchronous, as going on costs 26\.7 ms a point and waiting 2\.0 ms$/);
  const slow = propose({ ...FACTS, terms, link: { ...FACTS.link, holdMs: () => 500, lossesPerMs } });
  t.equal(slow.mode, 'asynchronous');
  t.end();
});

t.test('a side does not wait for what it would itself go on from', (t) => {
  const link = { ...FACTS.link, holdMs: () => 2, lossesPerMs: 8 / 600_000 };
  t.equal(propose({ ...FACTS, link }).mode, 'asynchronous');
  t.end();
});

t.test('a mode is left for one that costs half', (t) => {
  const terms = { ...FACTS.terms, responsible: 'hub' } as const;
  // Going on costs 40 ms.
  const link = { ...FACTS.link, lossesPerMs: 40 / 2_000_000 };
  const modeAt = (waitMs: number, mode: 'synchronous' | 'asynchronous'): string =>
    propose({ ...FACTS, terms, link: { ...link, holdMs: () => waitMs }, before: { responsible: 'hub', mode } }).mode;
  t.equal(modeAt(30, 'asynchronous'), 'asynchronous');
  t.equal(modeAt(15, 'asynchronous'), 'synchronous');
  t.equal(modeAt(60, 'synchronous'), 'synchronous');
  t.equal(modeAt(90, 'synchronous'), 'asynchronous');
  t.end();
});
