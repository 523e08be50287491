/** Commands find the hub that runs on a data folder, and whoever lacks its token does not. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { sternaToItsEnd, type Ended } from '../program-to-its-end.js';
import { until } from '../runtime/eventually.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(120_000);

const dir = t.testdir({});
const data = join(dir, 'data');

function sterna(...args: readonly string[]): Promise<Ended> {
  return sternaToItsEnd(...args, '--data', data);
}

t.match(await sterna('ls'), {
  code: 1,
  stderr: `sterna: no hub runs on ${data}: start one, or name its folder with --data\n`,
});

await deployInto(join(dir, 'tasks'), ['guest-tasks/thermostat', 'guest-tasks/rogue/trap']);
const where = ['--tasks', join(dir, 'tasks'), '--listen', '127.0.0.1:0', '--data', data];
const hub = await HubProcess.start(t, [...where, '--report', 'json']);
await until('its API is there', 10_000, () => apiUrl() !== undefined);

function apiUrl(): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(data, 'api.json'), 'utf8')) as { url: string }).url;
  } catch {
    return undefined;
  }
}

const CLIMATE = ['--topic', 'zigbee2mqtt/bath/climate', '--payload', '{"temperature":17}'];

void t.test('tasks are listed and invoked, and their runs and logs can be read', async (t) => {
  const invoked = await sterna('invoke', 'thermostat', ...CLIMATE, '--json');
  t.equal(invoked.code, 0, invoked.stderr);
  t.match(JSON.parse(invoked.stdout), {
    run: { task: 'thermostat', outcome: { kind: 'completed' } },
    effects: [{ kind: 'publish', topic: 'zigbee2mqtt/bath/radiator/set' }, { kind: 'set' }],
  });
  const shown = await sterna(
    'invoke',
    'thermostat',
    '--topic',
    'zigbee2mqtt/hall/climate',
    '--payload',
    '{"temperature":17}',
  );
  t.match(
    shown.stdout,
    /^completed\n.*"topic":"zigbee2mqtt\/hall\/radiator\/set",.*"payload":"\{\\"state[^]*\nfuel /,
    'as text',
  );
  const trapped = await sterna('invoke', 'trap', '--topic', 'rogue/trap/poke');
  t.match(trapped, { code: 1, stdout: /^trapped: / }, 'a run that does not complete');
  t.match((await sterna('ls')).stdout, /^thermostat +1\.0\.0 +runs +0 +0 +2 +0 /m);
  t.match((await sterna('runs', 'thermostat', '--json')).stdout, /"runId":"[^"]+\/thermostat"/);
  t.match((await sterna('logs', 'trap')).stdout, /trapped +trap /);
  t.match(JSON.parse((await sterna('inspect', 'trap')).stdout), { name: 'trap', outcomes: { trapped: 1 } });
  t.match(await sterna('inspect', 'none'), {
    code: 1,
    stderr: 'sterna: there is no task "none": "sterna ls" lists those there are\n',
  });
});

void t.test('dead letters are listed, shown, sent back and thrown away, and a task is released by hand', async (t) => {
  await sterna('dlq', 'purge', '--all');
  await sterna('invoke', 'trap', '--topic', 'rogue/trap/poke', '--payload', 'poke');
  const { letters } = JSON.parse((await sterna('dlq', 'list', '--json')).stdout) as { letters: { id: string }[] };
  const id = letters[0]?.id ?? 'none';
  t.match(
    (await sterna('dlq', 'list', '--task', 'trap')).stdout,
    new RegExp(`^${id} .* rogue/trap/poke +trapped$`, 'm'),
  );
  t.notMatch((await sterna('dlq', 'list', '--task', 'thermostat')).stdout, id);
  const shown = JSON.parse((await sterna('dlq', 'show', id)).stdout) as object;
  t.match(shown, { id, task: 'trap', payload: 'poke', evidence: { version: '1.0.0' } });
  const whole = JSON.parse((await sterna('dlq', 'show', id, '--json')).stdout) as object;
  t.match(whole, { id, payload: Buffer.from('poke').toString('base64') }, 'for programs, bytes');
  t.match(await sterna('dlq', 'redrive', id), { code: 0, stdout: '1 sent back\n' });
  t.match(await sterna('dlq', 'redrive', id), { code: 1, stderr: `sterna: there is no dead letter "${id}"` });
  await until('it is given up again', 20_000, () => (hub.stdout.match(/"kind":"run-buried"/g) ?? []).length >= 3);
  t.match(await sterna('dlq', 'purge', '--task', 'trap', '--json'), { code: 0, stdout: '{"purged":1}\n' });
  t.match(await sterna('dlq', 'purge'), { code: 1, stderr: /say which letters/ });
  t.match(await sterna('release', 'trap'), { code: 0, stdout: 'trap was not quarantined\n' });
  t.match(await sterna('release', 'none'), {
    code: 1,
    stderr: 'sterna: there is no task "none": "sterna ls" lists those there are\n',
  });
});

void t.test('logs are followed until the hub ends, and clients that say nothing hold nobody up', async (t) => {
  const { hostname, port } = new URL(apiUrl() ?? '');
  const silent = Array.from({ length: 20 }, () => connect(Number(port), hostname).on('error', () => undefined));
  const following = sterna('logs', '-f', '--json');
  const followed = `http://${hostname}:${port}/v1/runs`;
  const without = await fetch(followed);
  t.equal(without.status, 401);
  // The follower takes a while to start: each of these takes as long.
  for (let i = 0; i < 8; i++) await sterna('invoke', 'thermostat', ...CLIMATE);
  t.equal(await hub.terminated(30_000), 0);
  const { code, stdout } = await following;
  t.equal(code, 0);
  t.match(stdout, /"task":"thermostat"/);
  for (const socket of silent) socket.destroy();
  t.match(await sterna('ls'), { code: 1, stderr: /no hub runs on/ });
});
