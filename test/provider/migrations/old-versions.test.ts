/** A run that moved here, when its hub has its task configured otherwise, or not at all. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { ProviderPolicy } from '../../../provider/policy.js';
import { newSigningKey, type TaskSpec } from '../../../provider/protocol/index.js';
import { until } from '../../runtime/eventually.js';
import { providerUnderTest, type ProviderUnderTest } from '../provider-under-test.js';
import { kept, longRun, TASK, type LongRun } from './long-run.js';
import { MovingHub, offer, TERMS } from './moving-hub.js';

t.setTimeout(150_000);

const terms = { ...TERMS, pointMs: 5 };
const old = await longRun(t, 60, 'old');
const newer = await longRun(t, 60, 'newer');
/** Of all providers here, one after another: components are prepared once. */
const dataDir = join(t.testdir({}), 'provider');
const id = (name: string): string => `event-1/forecast#${name}`;

function started(t: Test, policy: Partial<ProviderPolicy> = {}): Promise<ProviderUnderTest> {
  return providerUnderTest(t, { dataDir, policy });
}

async function openHub(t: Test, at: ProviderUnderTest, key = newSigningKey()): Promise<MovingHub> {
  const hub = new MovingHub(await at.invite(), key);
  t.teardown(() => hub.cut());
  return hub;
}

type Point = Awaited<ReturnType<typeof MovingHub.prototype.hearA<'point'>>>;

/** Moves a run there. It stands at its first point. */
async function moved(hub: MovingHub, name: string, run: LongRun): Promise<Point> {
  hub.say(id(name), TASK, offer(), { content: { anchor: await run.begun() }, terms });
  for (;;) {
    // Others may say something meanwhile.
    const heard = await hub.hearA('point');
    if (heard.id === id(name)) return heard;
  }
}

/** Answers to each point, up to the end. */
async function ended(hub: MovingHub, first: Point): Promise<object | undefined> {
  let point = first;
  for (; !point.message.end; point = await hub.hearA('point')) {
    hub.say(point.id, TASK, { type: 'held', epoch: 1, point: point.message.point }, { terms });
  }
  const { result } = point.content;
  hub.say(point.id, TASK, { type: 'over' });
  return result && kept(result);
}

let configs = 1;

async function configured(hub: MovingHub, specs: readonly TaskSpec[], { component }: LongRun): Promise<void> {
  await hub.raw.configure(++configs, specs, component);
  await hub.raw.next('ready');
}

t.test('it ends on the version that it came with, whatever is configured since, over links and restarts', async (t) => {
  const key = newSigningKey();
  const at = await started(t);
  const hub = await openHub(t, at, key);
  await hub.open([old.spec], old.component);
  const first = await moved(hub, 'a', old);
  await configured(hub, [newer.spec], newer);
  hub.say(id('a'), TASK, { type: 'held', epoch: 1, point: first.message.point }, { terms });
  const second = await hub.hearA('point');
  t.equal(second.message.epoch, 1, 'another version of its task changes nothing');
  await configured(hub, [], newer);
  hub.say(id('a'), TASK, { type: 'held', epoch: 1, point: second.message.point }, { terms });
  const third = await hub.hearA('point');
  t.equal(third.message.epoch, 1, 'nor that its task is gone');
  hub.cut();

  const again = await openHub(t, at, key);
  await again.open([newer.spec], newer.component);
  const fourth = await again.hearA('point');
  t.equal(fourth.message.epoch, 1, 'the next session finds it');
  again.cut();
  await until('the session is over', 10_000, () => at.provider.sessions === 0);
  await at.close();

  const next = await started(t);
  const last = await openHub(t, next, key);
  await last.open([newer.spec], newer.component);
  const fifth = await last.hearA('point');
  t.equal(fifth.message.epoch, 1, 'so does the next provider');
  t.strictSame(await ended(last, fifth), kept(old.undisturbed));
});

t.test('nothing is admitted by it that is not configured', async (t) => {
  const at = await started(t);
  const hub = await openHub(t, at);
  await hub.open([old.spec], old.component);
  const first = await moved(hub, 'a', old);
  const { limits } = old.spec;
  await configured(hub, [{ ...old.spec, limits: { ...limits, fuel: limits.fuel - 1 } }], old);
  hub.say(id('b'), TASK, offer(), { content: { anchor: await old.begun() }, terms });
  // The other one comes to points meanwhile.
  const answer = await hub.hearA('nothing');
  t.match(answer, { id: id('b'), message: { epoch: 0 } }, 'a run that comes later is of what is configured');
  t.strictSame(await ended(hub, first), kept(old.undisturbed), 'the one that came before has what it came with');
});

t.test('a hub has so many old versions installed, and no more', async (t) => {
  const at = await started(t, { oldVersions: 1 });
  const hub = await openHub(t, at);
  await hub.open([old.spec], old.component);
  const a = await moved(hub, 'a', old);
  await configured(hub, [newer.spec], newer);
  await moved(hub, 'b', newer);
  await configured(hub, [], newer);
  const given = await hub.hearA('nothing');
  t.match(given, { id: id('b'), message: { epoch: 1 } });
  t.match(
    at.seen.find(({ kind }) => kind === 'run-given-up'),
    { message: /1 versions of \d+ bytes that are not configured/ },
  );
  t.strictSame(await ended(hub, a), kept(old.undisturbed));
});

t.test('one whose component is gone is the hub’s again', async (t) => {
  const key = newSigningKey();
  const at = await started(t);
  const hub = await openHub(t, at, key);
  await hub.open([old.spec], old.component);
  const first = await moved(hub, 'a', old);
  hub.cut();
  await until('the session is over', 10_000, () => at.provider.sessions === 0);
  await at.close();
  rmSync(join(dataDir, 'components', old.spec.digest));
  const next = await started(t);
  const again = await openHub(t, next, key);
  await again.open([newer.spec], newer.component);
  again.say(id('a'), TASK, { type: 'held', epoch: 1, point: first.message.point }, { terms });
  t.match(await again.hearA('nothing'), { id: id('a'), message: { epoch: 1 } });
});
