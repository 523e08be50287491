/** Tasks share what their grants name: who may write, who may read, who may neither; and what devices said last. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { until } from '../runtime/eventually.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(60_000);

const MAIN = fileURLToPath(new URL('../../hub/main.js', import.meta.url));
const GRANTS: Readonly<Record<string, string>> = {
  writer: 'board = "read-write"',
  reader: 'board = "read"\ndevices = "read"',
  stranger: 'default = "read-write"',
};

t.test('buckets are shared by grant, and looked at from outside', async (t) => {
  const dir = t.testdir({});
  const data = join(dir, 'data');
  for (const [name, grants] of Object.entries(GRANTS)) {
    const edit = (toml: string): string =>
      toml
        .replace('"buckets"\n', `"${name}"\ncomponent = "build/buckets.wasm"\n`)
        .replace('ask/{task}"', `{kind}/{task}"`)
        .replace('{kind}', `ask-${name}`)
        .replace('[grants.buckets]', `[grants.buckets]\n${grants}`);
    await deployInto(join(dir, 'tasks', name), ['test/fixtures/guests/buckets'], edit);
  }
  const tasks = Object.keys(GRANTS).flatMap((name) => ['--tasks', join(dir, 'tasks', name)]);
  const args = [...tasks, '--data', data, '--listen', '127.0.0.1:0', '--api', '127.0.0.1:0', '--report', 'json'];
  const hub = await HubProcess.start(t, args);
  await until('its API answers', 20_000, () => /control API/.test(hub.stderr));
  const device = await Device.connect(t, hub.brokerUrl, ['out/+']);
  const ask = async (task: string, what: string): Promise<string> => {
    const before = device.heard.length;
    await device.publish(`ask-${task}/${task}`, what);
    await until(`an answer to ${what}, or a denial`, 20_000, () => device.heard.length > before || denials() > denied);
    denied = denials();
    return device.texts[before]?.[1] ?? 'denied';
  };
  let denied = 0;
  const denials = (): number => (hub.stdout.match(/"outcome":\{"kind":"denied"/g) ?? []).length;
  const sterna = (...args: readonly string[]): Promise<string> =>
    new Promise((resolve) => {
      execFile(process.execPath, [MAIN, ...args, '--data', data], (_error, stdout, stderr) => resolve(stdout + stderr));
    });

  t.equal(await ask('writer', 'set board note'), 'done');
  t.equal(await ask('reader', 'get board note'), 'writer', 'another task reads what one wrote');
  t.match(await ask('reader', 'set board note'), /denied/);
  t.match(await ask('stranger', 'get board note'), /denied/);
  t.match(await ask('writer', 'get devices x'), /denied/);

  const last = 'ask-writer/writer';
  // Nothing is promised for it, but that it comes soon.
  let seen = '';
  for (let i = 0; i < 100 && seen !== 'get devices x'; i++) seen = await ask('reader', `get devices ${last}`);
  t.equal(seen, 'get devices x', 'the last payload of a topic');
  t.match(await ask('reader', 'keys devices'), /^ask-reader\/reader,ask-stranger\/stranger,ask-writer\/writer$/);
  t.match(await ask('reader', 'set devices x'), /denied/);

  t.match(await sterna('state'), /^devices +3 +\d+ B\nshared\/board +1 +10 B$/m);
  t.match(await sterna('state', 'shared/board'), /^note +6 B +\d+$/m);
  t.equal(await sterna('state', 'shared/board', 'note'), 'writer\n');
  t.match(JSON.parse(await sterna('state', 'devices', '--prefix', 'ask-s', '--json')), {
    keys: [{ key: 'ask-stranger/stranger' }],
  });
  t.match(await sterna('state', 'devices', '-n', '2'), /there may be more/);
  t.match(await sterna('state', 'devices', '..'), 'sterna: the bucket "devices" has no key ".."\n');
  t.match(await sterna('queue'), /^reader +0 +0 +0$/m);
  t.equal(await hub.terminated(30_000), 0);
});
