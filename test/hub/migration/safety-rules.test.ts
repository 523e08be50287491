/**
 * The rules that keep effects right (`SAFETY_RULES`), between a whole hub and the provider's part in runs that move.
 * `test/flawed-builds` has this file fail without each of them.
 */
import t, { type Test } from 'tap';
import type { MigrationMessage, Terms } from '../../../provider/protocol/migration/index.js';
import type { Side } from '../../../provider/protocol/responsibility/index.js';
import { until } from '../../runtime/eventually.js';
import type { RealHub } from '../parking/real-hub.js';
import { countingHub } from './counting-hub.js';
import { PEER } from './peer-links.js';
import { ProviderPeer } from './provider-peer.js';
import { executes } from './scene.js';
import { published } from './stepping-runtime.js';
import { wentBack } from './went-back.js';

t.setTimeout(60_000);

/** More steps than a test waits for. */
const ENDLESS = '1000000';
/** More than it takes to bring it home. */
const STEPS = '300';

interface Scene {
  readonly hub: RealHub;
  readonly peer: ProviderPeer;
  run: string;
  /** What each side has said, in order. */
  readonly words: Readonly<Record<Side, MigrationMessage['message'][]>>;
  /** Lets what the hub has said first arrive once more. */
  readonly first: () => void;
  /** Which words do not arrive. */
  loses: (from: Side, said: MigrationMessage['message']) => boolean;
  /** There is a link, a new one. */
  readonly link: () => void;
  /** Resolves when the run has come further. */
  readonly goesOn: () => Promise<void>;
}

/** A run of so many steps that has moved to the provider. */
async function scene(
  t: Test,
  steps: string,
  terms: Partial<Terms>,
  loses: Scene['loses'] = () => false,
): Promise<Scene> {
  const peer = new ProviderPeer();
  const words: Scene['words'] = { hub: [], provider: [] };
  let first: (() => void) | undefined;
  peer.passes = (from, { message }, arrives) => {
    words[from].push(message);
    first ??= arrives;
    if (!all.loses(from, message)) arrives();
  };
  const hub = await countingHub(t, { placement: peer.placement({ mode: 'synchronous', ...terms }) });
  t.teardown(() => peer.gone());
  await peer.start(undefined);
  const [task] = hub.hub.tasks;
  if (task === undefined) throw new Error('there is no task');
  const pointNow = (): number => hub.hub.migrations.of(all.run)?.point ?? 0;
  const all: Scene = {
    hub,
    peer,
    run: '',
    words,
    first: () => first?.(),
    loses,
    link: () => peer.link(task),
    goesOn: () => {
      const before = pointNow();
      return until('it goes on', 10_000, () => pointNow() > before);
    },
  };
  all.link();
  hub.send('long/count/a', steps);
  await until('it has a thread', 10_000, () => hub.hub.currentRuns.list()[0]?.where === 'thread');
  all.run = hub.runOf('long');
  await moves(all, 'provider');
  return all;
}

async function moves({ hub, run }: Pick<Scene, 'hub' | 'run'>, to: Side): Promise<void> {
  const answer = await hub.hub.migrations.migrate(run, to === 'hub' ? undefined : PEER, 'by hand');
  if (!answer.ok) throw new Error(answer.reason);
  await executes(hub, run, to);
}

/** It ends without effect, and nothing of it is left. */
async function isCancelled({ hub, peer, run }: Scene): Promise<void> {
  hub.hub.currentRuns.cancel(run);
  await hub.tells('long cancelled');
  await until('the provider has it no more', 10_000, () => peer.executing === 0);
}

t.test('what a provider says of an epoch that is over does not stop the hub, which has taken over', async (t) => {
  // The provider stands at a point of which it never hears that it is held: so it says it again, and all of it.
  const all = await scene(t, ENDLESS, { responsible: 'hub' }, (from, { type }) => from === 'hub' && type === 'held');
  const { hub, peer, run, words, link, goesOn } = all;
  await until('the hub holds a point of the provider', 10_000, () => (hub.hub.migrations.of(run)?.point ?? 0) > 1);
  peer.cut();
  await executes(hub, run, 'hub');
  await goesOn();
  const before = words.provider.length;
  // The provider says it twice before it hears where things stand: the second time with all that it is about.
  all.loses = (from, { type }) => from === 'hub' && type === 'point' && words.provider.length < before + 2;
  link();
  const says = (type: string, epoch: number): boolean =>
    words.provider.slice(before).some((said) => said.type === type && 'epoch' in said && said.epoch === epoch);
  await until('the provider knows better', 10_000, () => says('held', 2));
  t.ok(says('point', 1), 'it has said its own before');
  await goesOn();
  t.match(hub.hub.migrations.of(run), { executes: 'hub', epoch: 2 });
  t.strictSame(wentBack(words.hub), []);
  await isCancelled(all);
});

t.test('what a hub has said in an epoch that is over does not stop the provider, whenever it comes', async (t) => {
  const all = await scene(t, ENDLESS, { responsible: 'hub' });
  const { hub, run, words, first, goesOn } = all;
  await moves(all, 'hub');
  await moves(all, 'provider');
  await goesOn();
  const before = words.provider.length;
  first();
  await until('it has said something since', 10_000, () => words.provider.length > before);
  await goesOn();
  t.match(hub.hub.migrations.of(run), { executes: 'provider', epoch: 3 });
  t.strictSame(wentBack(words.provider), []);
  await isCancelled(all);
});

t.test('an end that the provider does not hold, and would go on without, has no effect yet', async (t) => {
  const all = await scene(t, STEPS, { responsible: 'provider' });
  const { hub } = all;
  const ends = (): number => hub.seen.filter(({ kind }) => kind === 'run-finished').length;
  let lost = 0;
  all.loses = (from, said) => {
    const isLost = from === 'hub' && said.type === 'point' && said.end;
    if (isLost) lost++;
    return isLost;
  };
  await moves(all, 'hub');
  // To say it a second time takes longer than to commit it.
  await until('it has said its end twice', 20_000, () => lost > 1 || ends() > 0);
  t.equal(ends(), 0);
  t.same(hub.link.published, []);
  all.loses = () => false;
  await until('it is published', 20_000, () => hub.link.published.length > 0);
  t.strictSame(
    hub.link.published.map(({ payload }) => Buffer.from(payload).toString()),
    [published(1, Number(STEPS))],
  );
  t.equal(ends(), 1);
});
