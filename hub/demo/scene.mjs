/** What the story plays in: a hub, a provider, and a link between them that can be pulled. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../start/free-port.mjs';
import { application, BARN, deployInto, HOUSE } from './long-tasks.mjs';
import { found, Program, sterna } from './processes.mjs';

export const PROVIDER = 'shed';

/** Across a town: one way, and each way. */
const LINK = { delayMs: 5, bytesPerMs: 5_000 };
/** On a small machine. */
const READY_MS = 120_000;

/** Opens it. `closing` gets what is to be done at the end, the last first. */
export async function openScene(closing) {
  // Only now: what ran before has compiled it.
  const { startShapingProxy } = await import('../../dist/sim/shaping-proxy.js');
  const { connectSim } = await import('../../dist/sim/connection.js');
  const { ApiClient } = await import('../../dist/hub/api/client.js');
  const dir = temporaryFolder(closing);
  const [there, data] = [join(dir, 'provider'), join(dir, 'hub')];

  const port = await freePort();
  const link = await startShapingProxy({ host: '127.0.0.1', port });
  closing.push(() => link.close());
  const token = await sterna('provider', 'init', '--data', there, '--address', `127.0.0.1:${link.port}`);
  const provider = start('the provider', ['provider', '--data', there, '--listen', `127.0.0.1:${port}`], closing);
  await provider.says(/listening on/, READY_MS);

  const [tasks, app] = [join(dir, 'tasks'), join(dir, 'app.toml')];
  for (const task of [HOUSE, BARN]) deployInto(tasks, task);
  mkdirSync(data, { recursive: true });
  writeFileSync(app, application());
  await sterna('provider', 'add', token, '--name', PROVIDER, '--data', data);
  const args = ['--tasks', tasks, '--data', data, '--app', app, '--api', '127.0.0.1:0', '--listen', '127.0.0.1:0'];
  const hub = start('the hub', ['hub', ...args, '--report', 'json'], closing);
  const [, url] = await hub.says(/"kind":"started","broker":"([^"]+)"/, READY_MS);
  const heard = [];
  const device = await connectSim(url, (topic, payload) => heard.push({ topic, payload }));
  closing.push(() => device.close());
  const client = await found('the hub answers', READY_MS, () => ApiClient.of(data).catch(() => undefined));
  await found('the provider takes the tasks', READY_MS, async () => {
    const { providers } = await client.get('/v1/placement');
    return providers.some(({ tasks }) => tasks.filter(({ state }) => state === 'taken').length === 2) || undefined;
  });
  link.shape(LINK);
  return { link, hub, client, data, device, heard };
}

function start(name, args, closing) {
  const program = new Program(name, args);
  closing.push(() => program.stop());
  return program;
}

/** Removed at the end, and when this program is stopped at once. */
function temporaryFolder(closing) {
  const dir = mkdtempSync(join(tmpdir(), 'sterna-demo-'));
  const remove = () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  process.once('exit', remove);
  closing.push(remove);
  return dir;
}
