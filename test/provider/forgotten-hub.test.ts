/** A hub that is forgotten while its provider runs, and while it does not: the real command, and its files. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { hexOf } from '../../provider/identity/known-hubs.js';
import { newSigningKey, readJoinToken, type JoinToken } from '../../provider/protocol/index.js';
import { until } from '../runtime/eventually.js';
import { longRun, TASK } from './migrations/long-run.js';
import { MovingHub, offer, TERMS } from './migrations/moving-hub.js';
import { freePort } from '../fixtures/free-port.js';
import { ProviderProcess, sterna } from './provider-process.js';
import { RawHub } from './raw-hub.js';

t.setTimeout(110_000);

const MAIN = fileURLToPath(new URL('../../hub/main.js', import.meta.url));
const ID = 'event-1/forecast#00112233aabbccdd';
const run = await longRun(t, 2_000);
const begun = await run.begun();

interface Started {
  readonly data: string;
  readonly provider: ProviderProcess;
  readonly token: JoinToken;
}

/** With a hub that has moved a run there. */
interface Scene extends Started {
  readonly key: ReturnType<typeof newSigningKey>;
  /** As the provider names it. */
  readonly id: string;
  readonly hub: MovingHub;
  readonly stubs: string;
}

async function started(t: Test): Promise<Started> {
  const data = join(t.testdir({}), 'provider');
  const port = await freePort();
  const address = ['--address', `127.0.0.1:${port}`, '--insecure-loopback'];
  const token = tokenIn(await sterna('provider', 'init', '--data', data, ...address));
  return { data, token, provider: await ProviderProcess.start(t, port, data, ['--insecure-loopback']) };
}

async function scene(t: Test): Promise<Scene> {
  const { data, provider, token } = await started(t);
  const key = newSigningKey();
  const hub = new MovingHub(token, key);
  t.teardown(() => hub.cut());
  await hub.open([run.spec], run.component);
  hub.raw.send({ type: 'state', revision: 1, reset: true, entries: [], sets: [] });
  hub.say(ID, TASK, offer(), { content: { anchor: begun }, terms: { ...TERMS, pointMs: 5 } });
  await hub.hearA('point');
  const id = hexOf(key.publicKey);
  const stubs = join(data, 'migrations', id);
  t.ok(readdirSync(stubs).length > 0, 'its run is kept');
  return { data, provider, key, id, token, hub, stubs };
}

function tokenIn(line: string): JoinToken {
  const read = readJoinToken(line.trim());
  if (!read.ok) throw new Error(read.fault);
  return read.token;
}

function replicasIn(data: string): readonly string[] {
  const dir = join(data, 'replicas');
  return readdirSync(dir).flatMap((process) => readdirSync(join(dir, process)));
}

t.test('its session ends, nothing of it is left, and its key is worth nothing, without a restart', async (t) => {
  const { data, provider, key, id, token, hub, stubs } = await scene(t);
  const other = new MovingHub(tokenIn(await sterna('provider', 'invite', '--data', data)), newSigningKey());
  t.teardown(() => other.cut());
  await other.open([run.spec], run.component);
  const list = await sterna('provider', 'hubs', '--data', data);
  t.match(list, new RegExp(`^${id.slice(0, 12)} +\\d{4}-.*Z +\\d{4}-.*Z +raw$`, 'm'));
  t.match(JSON.parse(await sterna('provider', 'hubs', '--data', data, '--json')), { hubs: { length: 2 } });
  t.equal(replicasIn(data).length, 2);

  t.match(await sterna('provider', 'forget', id.slice(0, 12), '--data', data), /^forgotten: raw \(/);
  await provider.says(/^forgotten: /m, 10_000);
  await until('its link is closed', 10_000, () => hub.raw.closedWith !== undefined);
  t.match(hub.raw.received.at(-1), { type: 'close', code: 'identity' });
  t.notOk(existsSync(stubs), 'its run is gone');
  t.equal(replicasIn(data).length, 1, 'and what it had sent of its state');

  const again = new RawHub(token, key);
  t.teardown(() => again.cut());
  again.send(again.hello(await again.connect()));
  t.match(await again.refusal(), /^identity: .* does not know the hub/);
  other.say(ID, TASK, offer(), { content: { anchor: begun }, terms: { ...TERMS, pointMs: 5 } });
  t.match((await other.hearA('point')).id, ID, 'the other hub has noticed nothing');
  const invited = new RawHub(tokenIn(await sterna('provider', 'invite', '--data', data)), key);
  t.teardown(() => invited.cut());
  t.match(await invited.open(), { type: 'welcome', revision: 0 }, 'who is invited again begins with nothing');
});

t.test('of one that was forgotten while the provider was away, nothing is there at its start', async (t) => {
  const { data, provider, key, token, stubs, hub } = await scene(t);
  await provider.killed();
  hub.cut();
  await sterna('provider', 'forget', 'raw', '--data', data);
  const next = await ProviderProcess.start(t, provider.port, data, ['--insecure-loopback']);
  t.notOk(existsSync(stubs));
  const again = new RawHub({ ...token, url: `ws://127.0.0.1:${next.port}` }, key);
  t.teardown(() => again.cut());
  again.send(again.hello(await again.connect()));
  t.match(await again.refusal(), /^identity: /);
});

t.test('what names no hub, or several, forgets none', async (t) => {
  const { data, provider, token } = await started(t);
  for (const each of [token, tokenIn(await sterna('provider', 'invite', '--data', data))]) {
    const hub = new RawHub(each, newSigningKey());
    t.teardown(() => hub.cut());
    await hub.open();
  }
  const refusal = (...args: readonly string[]): Promise<string> =>
    new Promise((resolve) => {
      execFile(process.execPath, [MAIN, 'provider', ...args, '--data', data], (_error, _stdout, stderr) =>
        resolve(stderr),
      );
    });
  t.match(await refusal('forget', 'raw'), /there are 2 hubs called "raw": name one of [0-9a-f]{12}, [0-9a-f]{12}/);
  t.match(await refusal('forget', 'nobody'), /there is no hub "nobody": "sterna provider hubs" lists them/);
  t.match(await refusal('forget', ''), /there is no hub ""/);
  t.match(await refusal('invite', '--for', '1000h'), /a join token must be good for at most 30 days/);
  t.equal((await sterna('provider', 'hubs', '--data', data)).trim().split('\n').length, 3);
  t.notMatch(provider.output, /forgotten/);
});

t.test('a token that has expired lets nobody in', async (t) => {
  const { data } = await started(t);
  const token = tokenIn(await sterna('provider', 'invite', '--for', '1ms', '--data', data));
  const late = new RawHub(token, newSigningKey());
  t.teardown(() => late.cut());
  late.send(late.hello(await late.connect()));
  t.match(await late.refusal(), /^identity: .*has expired.*: ask for another/);
  const open = (await sterna('provider', 'hubs', '--data', data)).match(/^one more may join until /gm);
  t.equal(open?.length, 1, 'the token of the beginning is not used');
});
