/** A hub does its work whether or not anybody reads what it prints. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t from 'tap';

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
