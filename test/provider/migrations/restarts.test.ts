/** A provider that is killed with runs that moved to it: the real command, and its files. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { newSigningKey, readJoinToken, type JoinToken } from '../../../provider/protocol/index.js';
import type { RunResult } from '../../../runtime/index.js';
import { freePort } from '../../fixtures/free-port.js';
import { ProviderProcess, sterna } from '../provider-process.js';
import { Held, kept, longRun, TASK } from './long-run.js';
import { MovingHub, offer, TERMS } from './moving-hub.js';

t.setTimeout(110_000);

const ID = 'event-1/forecast#00112233aabbccdd';
const run = await longRun(t, 60);
const begun = await run.begun();
const terms = { ...TERMS, pointMs: 5 };

interface Killed {
  readonly token: JoinToken;
  readonly hub: MovingHub;
  /** Kills the provider and starts it anew. @returns another session of the same hub. */
  readonly restarted: () => Promise<MovingHub>;
}

async function provider(t: Test, stubs: 'disk' | 'memory'): Promise<Killed> {
  const data = join(t.testdir({}), 'provider');
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const line = await sterna('provider', 'init', '--data', data, '--address', address, '--insecure-loopback');
  const read = readJoinToken(line.trim());
  if (!read.ok) throw new Error(read.fault);
  const { token } = read;
  const key = newSigningKey();
  const options = ['--insecure-loopback', '--stubs', stubs];
  let process = await ProviderProcess.start(t, port, data, options);
  const hub = async (): Promise<MovingHub> => {
    const opened = new MovingHub(token, key);
    t.teardown(() => opened.cut());
    t.equal((await opened.open([run.spec], run.component)).stubs, stubs);
    return opened;
  };
  const first = await hub();
  const restarted = async (): Promise<MovingHub> => {
    await process.killed('SIGKILL');
    process = await ProviderProcess.start(t, port, data, options);
    return hub();
  };
  return { token, hub: first, restarted };
}

t.test('a run that moved goes on after a kill from what its provider has said to hold', async (t) => {
  const { hub, restarted } = await provider(t, 'disk');
  hub.say(ID, TASK, offer(), { content: { anchor: begun }, terms });
  // It holds what it was handed over, and has said so with its first point.
  const first = await hub.hearA('point');
  let at = await restarted();
  // Nobody has said that the first point is held: it is said again.
  let last = await at.hearA('point');
  t.ok(last.message.point >= first.message.point && last.message.epoch === 1);
  const held = new Held(begun);
  held.take(first);
  held.take(last);
  at.say(ID, TASK, { type: 'held', epoch: 1, point: last.message.point }, { terms });
  last = await at.hearA('point');
  held.take(last);
  // The hub crashes here: what it holds is behind what the provider has.
  at = await restarted();
  let result: RunResult | undefined;
  while (result === undefined) {
    const { message, content } = await at.hearA('point');
    t.equal(message.epoch, 1);
    ({ result } = content);
    at.say(ID, TASK, { type: 'held', epoch: 1, point: message.point }, { terms });
  }
  t.strictSame(kept(result), kept(run.undisturbed));
  const last2 = await restarted();
  const end = await last2.hearA('point');
  t.match(end.message, { end: true, epoch: 1 }, 'a result is kept until the hub has it');
  t.strictSame(end.content.result && kept(end.content.result), kept(run.undisturbed));
  last2.say(ID, TASK, { type: 'over' });
});

t.test('a provider that keeps its stubs in memory says so, and knows of none after a kill', async (t) => {
  const { hub, restarted } = await provider(t, 'memory');
  hub.say(ID, TASK, offer(), { content: { anchor: begun }, terms });
  const first = await hub.hearA('point');
  const held = new Held(begun);
  held.take(first);
  const again = await restarted();
  again.say(ID, TASK, { type: 'held', epoch: 1, point: first.message.point }, { terms });
  t.match(await again.hearA('nothing'), { message: { epoch: 1 } });
  t.strictSame(kept(await run.ended(held.whole)), kept(run.undisturbed), 'the hub goes on from what it holds');
});

t.test('a provider that is responsible goes on after a kill, without its hub', async (t) => {
  const { hub, restarted } = await provider(t, 'disk');
  hub.say(ID, TASK, offer({ responsible: 'provider' }), {
    content: { anchor: begun },
    terms: { ...terms, responsible: 'provider' },
  });
  const { message } = await hub.hearA('point');
  t.match(message, { responsible: 'provider' });
  hub.say(ID, TASK, { type: 'held', epoch: 1, point: message.point }, { terms: { ...terms, responsible: 'provider' } });
  await hub.hearA('point');
  hub.cut();
  const again = await restarted();
  let result: RunResult | undefined;
  while (result === undefined) {
    const { message, content } = await again.hearA('point');
    t.equal(message.epoch, 1);
    ({ result } = content);
    again.say(ID, TASK, { type: 'held', epoch: 1, point: message.point }, { terms });
  }
  t.strictSame(kept(result), kept(run.undisturbed));
});
