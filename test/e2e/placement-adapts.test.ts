/** Where runs of an application go follows the link, the provider's other hubs and the hub's own load: all processes of their own. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ApiClient } from '../../hub/api/client.js';
import { startShapingProxy, type ShapingProxy } from '../../sim/shaping-proxy.js';
import { until } from '../runtime/eventually.js';
import { freePort } from '../fixtures/free-port.js';
import { ProviderProcess, sterna } from '../provider/provider-process.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(170_000);

/** Turns of the task's loop, of nine instructions each. */
const WORK = String(2_000_000);
/** Longer than it takes for such events to come, on any machine. */
const LONG = String(40_000_000);
/** A hundred times as much, and more. */
const HEAVY = String(400_000_000);
/** "Within seconds", on a machine that does much else. */
const SECONDS = 25_000;

interface Decision {
  readonly side: string;
  readonly reason: string;
  readonly localMs?: number;
  readonly remoteMs?: number;
}

/** A hub, with a device that asks for runs. */
class Home {
  readonly hub: HubProcess;
  readonly device: Device;
  readonly data: string;
  readonly #client: ApiClient;

  private constructor(hub: HubProcess, device: Device, data: string, client: ApiClient) {
    this.hub = hub;
    this.device = device;
    this.data = data;
    this.#client = client;
  }

  /** Resolves when a run was executed. @param first what it is to do. */
  static async start(t: Test, dir: string, token: string, app: string, first = '0'): Promise<Home> {
    mkdirSync(dir);
    const [tasks, file, data] = [join(dir, 'tasks'), join(dir, 'app.toml'), join(dir, 'data')];
    await deployInto(tasks, ['test/fixtures/guests/turns']);
    writeFileSync(file, `name = "test"\n${app}`);
    await sterna('provider', 'add', token, '--data', data);
    const places = ['--tasks', tasks, '--data', data, '--listen', '127.0.0.1:0', '--api', '127.0.0.1:0'];
    const hub = await HubProcess.start(t, [...places, '--app', file, '--report', 'json', '--log', 'info']);
    await until('there is a session', 30_000, () => hub.stderr.includes('a session with a provider is open'));
    await until('its API is there', 30_000, () => existsSync(join(data, 'api.json')));
    const device = await Device.connect(t, hub.brokerUrl, ['done/+']);
    const home = new Home(hub, device, data, await ApiClient.of(data));
    await home.run(first);
    return home;
  }

  /** Has one run executed. @returns its id. */
  async run(payload = WORK): Promise<string> {
    const before = this.runs.length;
    await this.device.publish('in/a', payload);
    await until('a run is over', SECONDS, () => this.runs.length > before);
    return this.runs[before] ?? '';
  }

  /** Runs that are over: their ids. */
  get runs(): readonly string[] {
    return [...this.hub.stdout.matchAll(/"kind":"run-finished","runId":"([^"]+)"/g)].map(([, id = '']) => id);
  }

  async explain(run: string): Promise<Decision> {
    const { decisions } = (await this.#client.get(`/v1/placement?run=${encodeURIComponent(run)}`)) as {
      readonly decisions: readonly Decision[];
    };
    const last = decisions.at(-1);
    if (last === undefined) throw new Error(`nothing is known of ${run}`);
    return last;
  }

  /** Has runs executed, one after the other, until ten in a row went to that side. @returns whether they did, in time. */
  async settlesOn(side: string): Promise<boolean> {
    const endMs = performance.now() + SECONDS;
    for (let inARow = 0; performance.now() < endMs;) {
      inARow = (await this.explain(await this.run())).side === side ? inARow + 1 : 0;
      if (inARow === 10) return true;
    }
    return false;
  }

  /** How often runs change sides while nothing else changes. */
  async movesIn(ms: number): Promise<number> {
    const sides: string[] = [];
    for (const endMs = performance.now() + ms; performance.now() < endMs;) {
      sides.push((await this.explain(await this.run())).side);
    }
    return sides.filter((side, i) => i > 0 && side !== sides[i - 1]).length;
  }
}

interface Scene {
  readonly home: Home;
  readonly proxy: ShapingProxy;
  /** A join token for another hub, which is not behind the proxy. */
  readonly token: string;
}

async function scene(t: Test, app: string): Promise<Scene> {
  const dir = t.testdir({});
  const [data, port] = [join(dir, 'provider'), await freePort()];
  const proxy = await startShapingProxy({ host: '127.0.0.1', port });
  t.teardown(() => proxy.close());
  const init = (at: number): Promise<string> =>
    sterna('provider', 'init', '--data', data, '--address', `127.0.0.1:${at}`);
  const near = (await init(proxy.port)).trim();
  await ProviderProcess.start(t, port, data, ['--threads', '1']);
  const home = await Home.start(t, join(dir, 'home'), near, app);
  return { home, proxy, token: (await sterna('provider', 'invite', '--data', data)).trim() };
}

t.test('on battery, runs are at the provider while its link is quick and it has time', async (t) => {
  const { home, proxy, token } = await scene(t, '[placement]\nchecked = 0\n[preferences]\nbattery = 20\n');
  await sterna('conditions', '--data', home.data, '--battery', 'on');
  t.ok(await home.settlesOn('remote'), 'on a quick link they execute there');

  proxy.shape({ delayMs: 500 });
  t.ok(await home.settlesOn('local'), 'when the link slows, here');
  const run = await home.run();
  const { localMs = Infinity, remoteMs = 0 } = await home.explain(run);
  t.ok(remoteMs > localMs, `the alternative and its cost are kept with the decision: ${localMs} ms, ${remoteMs} ms`);
  t.match(
    await sterna('explain', run, '--data', home.data),
    /^here, as it is expected to take .* ms here and .* ms at /,
  );
  const moves = await home.movesIn(4_000);
  t.ok(moves <= 2, `${moves} changes of side in four seconds in which nothing changed: one try, and back`);
  proxy.shape({ delayMs: 0 });
  t.ok(await home.settlesOn('remote'), 'when it is quick again, there');

  const busy = '[placement]\ndefault = "remote-only"\n';
  const other = await Home.start(t, join(t.testdirName, 'other'), token, busy, HEAVY);
  for (let i = 0; i < 40; i++) void other.device.publish('in/a', HEAVY).catch(() => undefined);
  t.ok(await home.settlesOn('local'), 'when another hub keeps the provider busy, here');
  const whileBusy = await home.movesIn(4_000);
  t.ok(whileBusy <= 2, `${whileBusy} changes of side in four seconds in which it stays busy`);
  await other.hub.killed();
  t.ok(await home.settlesOn('remote'), 'when it is alone again, there');
});

t.test('a hub that has more to do than it can has a part of it done elsewhere, until it is idle again', async (t) => {
  const { home, proxy } = await scene(t, '[placement]\nchecked = 0\n');
  proxy.shape({ delayMs: 25 });
  t.ok(await home.settlesOn('local'), 'by themselves, runs are executed here: the link is slow');
  const before = home.runs.length;
  const count = 200;
  await Promise.all(Array.from({ length: count }, () => home.device.publish('in/a', LONG)));
  await until('all are over', 60_000, () => home.runs.length === before + count);
  let away = 0;
  for (const run of home.runs.slice(before)) if ((await home.explain(run)).side === 'remote') away++;
  t.ok(away > count / 10, `of ${count} at once, ${away} were executed there`);
  t.ok(count - away > count / 10, `and ${count - away} here`);
  t.ok(await home.settlesOn('local'), 'when it is idle again, all are here');
});
