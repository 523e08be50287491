/** A backup that is taken under load is the state of one moment: a hub that starts with it has counted what it had. */
import { execFile } from 'node:child_process';
import { mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { Connection } from '../../hub/store/sqlite.js';
import { until } from '../runtime/eventually.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(120_000);

const MAIN = fileURLToPath(new URL('../../hub/main.js', import.meta.url));
const DEVICES = 4;
/** Events that were sent and whose counts have not come back. */
const AHEAD = 100;

const dir = t.testdir({});
const data = join(dir, 'data');
const file = join(dir, 'copy.db');
await deployInto(join(dir, 'tasks'), ['test/fixtures/guests/counter']);
const args = ['--tasks', join(dir, 'tasks'), '--listen', '127.0.0.1:0', '--api', '127.0.0.1:0', '--report', 'json'];

function sterna(...args: readonly string[]): Promise<{ readonly code: number; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args, '--data', data], (error, _stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stderr }),
    );
  });
}

t.test('a backup under load', async (t) => {
  const hub = await HubProcess.start(t, [...args, '--data', data]);
  const device = await Device.connect(t, hub.brokerUrl, ['count/+']);
  await until('its API answers', 20_000, () => /control API/.test(hub.stderr));
  let sent = 0;
  const send = async (): Promise<void> => {
    await device.publish(`in/${sent % DEVICES}`, String(sent++));
    const most = sent - AHEAD;
    await device.hearsUntil(`${most} counts`, 30_000, () => device.heard.length >= most);
  };
  for (let i = 0; i < 400; i++) await send();
  const taking = sterna('backup', file);
  const taken = new AbortController();
  void taking.then(() => taken.abort());
  const before = device.heard.length;
  while (!taken.signal.aborted) await send();
  t.match(await taking, { code: 0, stderr: '' });
  t.ok(device.heard.length > before, 'events flow while it is taken');
  const after = sent;
  await device.hears(sent);
  t.equal((await stat(file)).mode & 0o777, 0o600);
  t.match(await sterna('backup', file), { code: 1, stderr: /is there already/ });
  t.equal(await hub.terminated(30_000), 0);

  const copy = new Connection(file, { readOnly: true });
  t.same(copy.prepare('PRAGMA integrity_check').get(), { integrity_check: 'ok' });
  const counted = counts(copy);
  const waiting = Number(copy.prepare('SELECT count(*) AS rows FROM inbox').get()?.['rows']);
  copy.close();
  const sum = counted.reduce((all, count) => all + count, 0);
  t.ok(sum > 0 && sum <= after, `${sum} of ${after} events were counted then`);
  t.ok(Math.max(...counted) - Math.min(...counted) <= AHEAD, 'the devices are as far as one another');

  const restored = join(dir, 'restored');
  await mkdir(restored);
  await rename(file, join(restored, 'state.db'));
  const second = await HubProcess.start(t, [...args, '--data', restored]);
  const again = await Device.connect(t, second.brokerUrl, ['count/+']);
  for (let i = 0; i < DEVICES; i++) await again.publish(`in/${i}`, 'next');
  const next = (): number[] =>
    again.texts.filter(([, text]) => text.endsWith(' next')).map(([, text]) => Number(text.split(' ')[0]));
  await again.hearsUntil('the next counts', 20_000, () => next().length === DEVICES);
  const all = next().reduce((total, count) => total + count, 0) - DEVICES;
  t.ok(all >= sum, 'it goes on with what was counted');
  if (waiting === 0) t.equal(all, sum);
  t.equal(await second.terminated(30_000), 0);
});

function counts(copy: Connection): number[] {
  const rows = copy.prepare("SELECT value FROM state WHERE bucket = 'task/counter/default'").all();
  return rows.map(({ value }) => Number(Buffer.from(value as Uint8Array).readBigUInt64LE()));
}
