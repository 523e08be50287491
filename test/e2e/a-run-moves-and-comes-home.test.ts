/** A long run in a real hub moves to a real provider and back, by hand: it ends as if it had stayed, with its effect once. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ApiClient, placementOf } from '../../hub/api/index.js';
import { freePort } from '../fixtures/free-port.js';
import { ProviderProcess, sterna } from '../provider/provider-process.js';
import { until } from '../runtime/eventually.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(600_000);

const HOURLY = Array.from({ length: 400 }, (_, hour) => 0.4 + Math.exp(-(((hour % 24) - 19) ** 2) / 8));

/** Long enough to move twice, and short enough for a test. Its limits are above those of a run that a provider executes whole. */
function shortened(toml: string): string {
  const sized = toml.replace('starts = 2000', 'starts = 10000');
  return `${sized}\n[checkpoint]\nevery = "200 ms"\npoints = "all"\n`;
}

/** Preparing a component for two machines at once takes a busy one minutes. */
const FOUND_MS = 180_000;

interface Whereabouts {
  readonly migration: { readonly executes: string; readonly point: number } | null;
}

/** What is looked for, as soon as it is there. */
async function found<Value>(what: string, look: () => Promise<Value | undefined>): Promise<Value> {
  for (const untilMs = performance.now() + FOUND_MS; performance.now() < untilMs;) {
    const value = await look();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not within ${FOUND_MS} ms: ${what}`);
}

async function hubIn(t: Test, dir: string, more: readonly string[] = []): Promise<HubProcess> {
  mkdirSync(join(dir, 'data'), { recursive: true });
  await deployInto(join(dir, 'tasks'), ['guest-tasks/forecast'], shortened);
  const folders = ['--tasks', join(dir, 'tasks'), '--data', join(dir, 'data')];
  const how = ['--listen', '127.0.0.1:0', '--report', 'json', '--threads', '2'];
  return HubProcess.start(t, [...folders, ...how, ...more]);
}

async function begun(t: Test, hub: HubProcess): Promise<Device> {
  const device = await Device.connect(t, hub.brokerUrl, ['forecast/+/next']);
  await device.publish('forecast/m0/fit', JSON.stringify({ hourly: HOURLY, horizon: 24 }));
  return device;
}

t.test('forecast moves there and back', async (t) => {
  const dir = t.testdir({});
  const port = await freePort();
  const provider = join(dir, 'provider');
  const token = (await sterna('provider', 'init', '--data', provider, '--address', `127.0.0.1:${port}`)).trim();
  await ProviderProcess.start(t, port, provider);
  const data = join(dir, 'hub', 'data');
  await sterna('provider', 'add', token, '--data', data, '--name', 'shed');
  writeFileSync(join(dir, 'app.toml'), 'name = "test"\n[placement]\ndefault = "prefer-local"\n');
  const hub = await hubIn(t, join(dir, 'hub'), ['--app', join(dir, 'app.toml'), '--api', '127.0.0.1:0']);
  await until('its API is there', 10_000, () => existsSync(join(data, 'api.json')));
  const client = await ApiClient.of(data);
  await found('the provider takes its task', async () => {
    const { providers } = placementOf(await client.get('/v1/placement'));
    return providers.some(({ tasks }) => tasks.some(({ state }) => state === 'taken')) ? true : undefined;
  });
  const device = await begun(t, hub);
  const run = await found('its run', async () => {
    const { runs } = (await client.get('/v1/current-runs')) as { readonly runs: readonly { readonly runId: string }[] };
    return runs[0]?.runId;
  });
  const path = `/v1/current-runs/${encodeURIComponent(run)}/migration`;
  const isAt = (side: string, points: number) => async (): Promise<true | undefined> => {
    const { migration } = (await client.get(path)) as Whereabouts;
    return migration?.executes === side && migration.point >= points ? true : undefined;
  };
  const migrate = (...to: readonly string[]): Promise<string> => sterna('migrate', run, ...to, '--data', data);
  // A run that stands still by hand moves, too, and does not end while a process starts.
  await sterna('park', run, '--data', data);
  t.match(await migrate('--to', 'shed'), `${run} moves to shed: sterna watch ${run}`);
  await found('it executes there', isAt('provider', 2));
  // As `sterna migrate RUN --home` asks for it: a process takes as long to start as the run has left.
  await client.post(`/v1/current-runs/${encodeURIComponent(run)}/migrate`, { to: null });
  await found('it executes here', isAt('hub', 4));
  const line = (): string | undefined => hub.stdout.split('\n').find((one) => one.startsWith('{"kind":"run-finished"'));
  await until('the run is over', 200_000, () => line() !== undefined);
  await until('its effect is heard', 20_000, () => device.texts.length > 0);
  t.match(JSON.parse(line() ?? ''), { outcome: { kind: 'completed' } });
  const watched = await sterna('watch', run, '--data', data);
  t.match(
    watched,
    /it executes at shed[^]*it executes here[^]*it has ended[^]*\n.* shed .* by hand\n.* here .* by hand\n/,
  );
  // From the beginning, with the same event, seed and clock.
  const again = JSON.parse(await sterna('replay', run, '--data', data, '--json')) as object;
  t.match(again, { identical: true }, 'an undisturbed run has the same effects and the same fuel, to the unit');
  t.equal(device.texts.length, 1, 'it has its effect once');
  t.equal(await hub.terminated(20_000), 0);
});
