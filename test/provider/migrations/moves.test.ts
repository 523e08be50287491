/** A run that moves to a real provider, message by message: there, to its end, and back. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { newSigningKey } from '../../../provider/protocol/index.js';
import type { MigrationMessage } from '../../../provider/protocol/migration/index.js';
import type { RunResult } from '../../../runtime/index.js';
import { until } from '../../runtime/eventually.js';
import { providerUnderTest, type ProviderUnderTest } from '../provider-under-test.js';
import { Held, kept, longRun, TASK } from './long-run.js';
import { MovingHub, offer, TERMS } from './moving-hub.js';

t.setTimeout(110_000);

const ID = 'event-1/forecast#00112233aabbccdd';
const run = await longRun(t, 600);
const begun = await run.begun();
const provider = await providerUnderTest(t);

async function openHub(t: Test, at: ProviderUnderTest = provider, key = newSigningKey()): Promise<MovingHub> {
  const hub = new MovingHub(await at.invite(), key);
  t.teardown(() => hub.cut());
  await hub.open([run.spec], run.component);
  return hub;
}

t.test('a run that moved comes to its points, and ends as if it had not', async (t) => {
  const hub = await openHub(t);
  hub.say(ID, TASK, offer(), { content: { anchor: begun }, terms: { ...TERMS, pointMs: 20 } });
  let result: RunResult | undefined;
  let points = 0;
  for (; result === undefined; points++) {
    const { message, content } = await hub.hearA('point');
    t.equal(message.epoch, 1);
    t.equal(message.end, content.result !== undefined);
    ({ result } = content);
    hub.say(ID, TASK, { type: 'held', epoch: 1, point: message.point }, { terms: { ...TERMS, pointMs: 20 } });
  }
  t.ok(points > 1, `${points} points`);
  t.strictSame(kept(result), kept(run.undisturbed));
  hub.say(ID, TASK, { type: 'over' });
  await hub.said(ID);
});

t.test('a run that is wanted home is handed back at its next point, and ends as if it had not been away', async (t) => {
  const hub = await openHub(t);
  const held = new Held(begun);
  const terms = { ...TERMS, pointMs: 20 };
  hub.say(ID, TASK, offer(), { content: { anchor: begun }, terms });
  let last = await hub.hearA('point');
  t.notOk(last.message.offer);
  // One that it has come to before it hears of it is on its way.
  for (let points = 0; !last.message.offer && points < 2; points++, last = await hub.hearA('point')) {
    held.take(last);
    hub.say(ID, TASK, { type: 'held', epoch: 1, point: last.message.point }, { terms: { ...terms, executes: 'hub' } });
  }
  t.match(last.message, { offer: true, end: false, epoch: 1 });
  held.take(last);
  t.strictSame(kept(await run.ended(held.whole)), kept(run.undisturbed));
  hub.say(ID, TASK, { type: 'over' });
});

t.test('a provider that stops hands home what it executes, and takes nothing any more', async (t) => {
  const stopping = await providerUnderTest(t, { dataDir: t.testdir({}) });
  const hub = await openHub(t, stopping);
  const held = new Held(begun);
  const terms = { ...TERMS, pointMs: 20 };
  const isOffered = async (epoch: number): Promise<MigrationMessage['message'] & { readonly point: number }> => {
    for (;;) {
      const last = await hub.hearA('point');
      held.take(last);
      if (last.message.epoch === epoch && last.message.offer) return last.message;
      hub.say(ID, TASK, { type: 'held', epoch, point: last.message.point }, { terms });
    }
  };
  hub.say(ID, TASK, offer(), { content: { anchor: begun }, terms });
  held.take(await hub.hearA('point'));
  hub.say(ID, TASK, { type: 'held', epoch: 1, point: 1 }, { terms });
  const closed = stopping.provider.close();
  await hub.raw.next('draining');
  hub.say('event-1/forecast#2', TASK, offer(), { content: { anchor: begun }, terms });
  t.match(await hub.hearA('nothing'), { id: 'event-1/forecast#2', why: 'it stops' }, 'another one is not taken');
  const { point } = await isOffered(1);
  // As one that moves of its own accord does, before its hub has heard that the provider stops.
  const again = offer({ epoch: 2, base: point, from: point, point: point + 1 });
  hub.say(ID, TASK, again, { content: { anchor: held.whole }, terms });
  await isOffered(3);
  hub.say(ID, TASK, { type: 'over' });
  hub.raw.send({ type: 'drain' });
  t.match(await hub.raw.refusal(), /^done: all runs are answered/);
  t.strictSame(kept(await run.ended(held.whole)), kept(run.undisturbed));
  await closed;
});

t.test('a run that is over at its hub is over here, and nothing of it is left', async (t) => {
  const key = newSigningKey();
  const hub = await openHub(t, provider, key);
  const files = (): string[] =>
    readdirSync(join(provider.dataDir, 'migrations'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
  await until('nothing is left of others', 10_000, () => files().length === 0);
  hub.say(ID, TASK, offer(), { content: { anchor: begun } });
  await hub.hearA('point');
  t.ok(files().length >= 2, 'a stub, and what it goes on from');
  hub.say(ID, TASK, { type: 'over' });
  await until('its files are gone', 10_000, () => files().length === 0);
  const again = await openHub(t, provider, key);
  again.say(ID, TASK, { type: 'held', epoch: 1, point: 2 });
  t.match(await again.hearA('nothing'), { message: { epoch: 1 } }, 'it is not known any more');
});
