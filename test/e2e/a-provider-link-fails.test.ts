/** What is between a hub and its provider fails, or is not to be trusted: processes of their own, over TLS. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeIdentity } from '../../provider/identity/identity.js';
import { startShapingProxy, type ShapingProxy } from '../../sim/shaping-proxy.js';
import { until } from '../runtime/eventually.js';
import { freePort } from '../fixtures/free-port.js';
import { ProviderProcess, sterna } from '../provider/provider-process.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(150_000);

const ECHO = 'test/fixtures/guests/echo';

/** @returns the arguments of a hub that has the task echo, and this application. */
async function hubArgs(dir: string, app: string): Promise<readonly string[]> {
  mkdirSync(dir, { recursive: true });
  const [tasks, file] = [join(dir, 'tasks'), join(dir, 'app.toml')];
  await deployInto(tasks, [ECHO]);
  writeFileSync(file, `name = "test"\n${app}`);
  const places = ['--tasks', tasks, '--data', join(dir, 'hub'), '--listen', '127.0.0.1:0', '--api', 'off'];
  return [...places, '--app', file, '--report', 'json', '--log', 'info'];
}

interface Scene {
  readonly provider: ProviderProcess;
  readonly proxy: ShapingProxy;
  readonly hub: HubProcess;
}

/** A hub whose runs all go through the proxy. */
async function behindProxy(t: Test, dir: string): Promise<Scene> {
  const [data, port] = [join(dir, 'provider'), await freePort()];
  const proxy = await startShapingProxy({ host: '127.0.0.1', port });
  t.teardown(() => proxy.close());
  const address = `127.0.0.1:${proxy.port}`;
  const token = (await sterna('provider', 'init', '--data', data, '--address', address)).trim();
  const provider = await ProviderProcess.start(t, port, data);
  const args = await hubArgs(dir, '[placement]\ndefault = "remote-only"\nchecked = 0\n');
  await sterna('provider', 'add', token, '--data', join(dir, 'hub'));
  return { provider, proxy, hub: await HubProcess.start(t, args) };
}

t.test('a link that is cut in the middle of a result loses and doubles none', async (t) => {
  const { proxy, hub, provider } = await behindProxy(t, t.testdir({}));
  const device = await Device.connect(t, hub.brokerUrl, ['out/+']);
  await device.publish('in/a', 'the session is there');
  await device.hears(1, 60_000);
  const size = 250_000;
  proxy.shape({ bytesPerMs: 2_000 });
  const before = proxy.bytesBack;
  const names = Array.from({ length: 12 }, (_, i) => `event ${i}`);
  for (const name of names) await device.publish('in/a', name.padEnd(size, '.'));
  await until('a result is on its way', 30_000, () => proxy.bytesBack - before > size / 4);
  t.ok(proxy.bytesBack - before < names.length * size, 'and not all of them have come');
  proxy.cut();
  proxy.shape({ bytesPerMs: Infinity });
  await device.hears(1 + names.length, 60_000);
  await until('a run was placed anew', 5_000, () => hub.stderr.includes('a run is placed anew'));
  t.equal(await hub.terminated(30_000), 0);
  t.strictSame(
    device.texts
      .slice(1)
      .map(([, text]) => text.replaceAll('.', ''))
      .toSorted(),
    names.toSorted(),
    'each answer came once',
  );
  t.equal(provider.output.match(/session: /g)?.length, 2, 'there were two sessions');
});

t.test('a certificate that has expired is told, with what is to be done, and nothing is sent', async (t) => {
  const dir = t.testdir({});
  const [data, port] = [join(dir, 'provider'), await freePort()];
  const nowMs = Date.now() - 3 * 24 * 3_600_000;
  await makeIdentity({ dataDir: data, url: `wss://127.0.0.1:${port}`, nowMs, validMs: 24 * 3_600_000 });
  const token = (await sterna('provider', 'invite', '--data', data)).trim();
  const provider = await ProviderProcess.start(t, port, data);
  const args = await hubArgs(dir, '[placement]\ndefault = "prefer-remote"\n');
  await sterna('provider', 'add', token, '--data', join(dir, 'hub'));
  const hub = await HubProcess.start(t, args);
  await until('the hub says why', 20_000, () =>
    /certificate expired on .*: begin anew with \W*sterna provider init/.test(hub.stderr),
  );
  const device = await Device.connect(t, hub.brokerUrl, ['out/+']);
  await device.publish('in/a', 'x');
  await device.hears(1);
  t.notMatch(provider.output, /session: /, 'it executes its runs itself');
});

t.test('a hub does not start with an application that contradicts its tasks; what is absent it says', async (t) => {
  const dir = t.testdir({});
  const edge = (topic: string): string => `[[edges]]\nfrom = "echo"\ntopic = "${topic}"\nto = "later"\n`;
  const wrong = HubProcess.launch(t, await hubArgs(dir, edge('elsewhere/a')));
  await until('it has ended', 30_000, () => !wrong.running);
  t.match(wrong.stderr, /The application test contradicts its tasks/);
  t.match(wrong.stderr, /edges\[1\]\.topic: echo is not granted to publish to elsewhere\/a/);
  t.notMatch(wrong.stdout, /"kind":"started"/);
  const hub = await HubProcess.start(
    t,
    await hubArgs(dir, `${edge('out/a')}[tasks.forecst]\nplacement = "local-only"\n`),
  );
  t.match(hub.stderr, /tasks\.forecst: there is no such task/);
  t.match(hub.stderr, /edges\[1\]\.to: there is no task \W*later/);
});
