/** A hub does its work whether or not anybody reads what it prints, and a command that asks it ends without a word. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { until } from '../runtime/eventually.js';

const MAIN = fileURLToPath(new URL('../../hub/main.js', import.meta.url));

for (const report of ['lines', 'json']) {
  t.test(`a hub whose ${report} nobody reads any more goes on, and ends with code 0`, async (t) => {
    const places = ['--data', t.testdir(), '--listen', '127.0.0.1:0', '--api', '127.0.0.1:0'];
    const args = ['hub', ...places, '--report', report, '--log', 'info', '--for', '500ms'];
    const hub = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 });
    hub.stdout.destroy();
    let log = '';
    hub.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    await once(hub, 'close');
    t.equal(hub.exitCode, 0, log);
    t.match(log, /"reason":".*","msg":"stopping"/, 'its time was up');
  });
}

t.test('a command that asks a hub ends without a word when nobody reads it any more', async (t) => {
  const data = t.testdir();
  const places = ['--data', data, '--listen', '127.0.0.1:0', '--api', '127.0.0.1:0'];
  const hub = spawn(process.execPath, [MAIN, 'hub', ...places, '--report', 'json'], { stdio: 'ignore' });
  t.teardown(() => hub.kill('SIGKILL'));
  await until('its API is there', 30_000, () => existsSync(join(data, 'api.json')));
  const runs = spawn(process.execPath, [MAIN, 'runs', '--data', data], { stdio: ['ignore', 'pipe', 'pipe'] });
  runs.stdout.destroy();
  let complaint = '';
  runs.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  await once(runs, 'close');
  t.match({ code: runs.exitCode, complaint }, { code: 0, complaint: '' });
});
