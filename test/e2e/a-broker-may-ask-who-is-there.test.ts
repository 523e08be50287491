/** A broker with a password, and with a certificate of an authority of one's own. */
import { execFile, execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { connectBroker } from '../../hub/broker/index.js';
import { freePort } from '../fixtures/free-port.js';
import { mosquittoMissing, startMosquitto } from '../fixtures/mosquitto.js';
import { HubProcess } from './hub-process.js';

t.setTimeout(120_000);

const run = promisify(execFile);
const PASSWORD = 'a:b@c/d?e#f%41';

/** What the programs are missing, for tap's `skip`. */
function missing(): string | false {
  try {
    execFileSync('openssl', ['version']);
    execFileSync('mosquitto_passwd', ['--help'], { stdio: 'ignore' });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return error.message;
  }
  return mosquittoMissing();
}

/** An authority, and a certificate of its for this machine. */
async function certificates(dir: string): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const openssl = (...args: readonly string[]): Promise<unknown> => run('openssl', args, { cwd: dir });
  await openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=ours', '-days', '2');
  await openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=broker');
  await writeFile(join(dir, 'names'), 'subjectAltName=IP:127.0.0.1\n');
  const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
  await openssl('x509', '-req', '-in', 'server.csr', ...by, '-out', 'server.crt', '-days', '2');
}

/** @returns the URL of a broker, without a password. */
async function broker(t: Test, dir: string): Promise<string> {
  await certificates(dir);
  const passwords = join(dir, 'passwords');
  await run('mosquitto_passwd', ['-c', '-b', passwords, 'hub', PASSWORD]);
  const port = await freePort();
  const tls = ['ca', 'cert', 'key'].map(
    (what) => `${what}file ${join(dir, what === 'ca' ? 'ca' : 'server')}.${what === 'key' ? 'key' : 'crt'}`,
  );
  const started = await startMosquitto([`password_file ${passwords}`, `listener ${port} 127.0.0.1`, ...tls]);
  t.teardown(() => started.close());
  return `127.0.0.1:${port}`;
}

t.test(
  'the hub connects with both, and neither its arguments nor its log have the password',
  { skip: missing() },
  async (t) => {
    const dir = t.testdir({});
    const address = await broker(t, dir);
    const url = `mqtts://hub:${encodeURIComponent(PASSWORD)}@${address}`;
    const known = { clientId: 'known', persistent: false, firstConnectMs: 3_000 } as const;
    await t.rejects(
      connectBroker({ ...known, url }, () => undefined),
      {
        code: 'unreachable',
        message: new RegExp(`^no MQTT broker at mqtts://${address}: .*certificate`),
      },
    );

    process.env['STERNA_BROKER'] = url;
    process.env['NODE_EXTRA_CA_CERTS'] = join(dir, 'ca.crt');
    t.teardown(() => {
      delete process.env['STERNA_BROKER'];
      delete process.env['NODE_EXTRA_CA_CERTS'];
    });
    const hub = await HubProcess.start(t, ['--data', join(dir, 'data'), '--api', '127.0.0.1:0', '--report', 'json']);
    t.equal(hub.brokerUrl, `mqtts://${address}`);
    t.equal(await hub.terminated(30_000), 0);
    t.notMatch(`${hub.stdout}${hub.stderr}`, encodeURIComponent(PASSWORD));
    t.notMatch(`${hub.stdout}${hub.stderr}`, PASSWORD);

    process.env['STERNA_BROKER'] = `mqtts://hub:wrong@${address}`;
    const wrong = HubProcess.launch(t, ['--data', join(dir, 'data'), '--api', '127.0.0.1:0']);
    await t.rejects(wrong.says(/^ready: /m, 60_000), { message: /answered: Connection refused: Not authorized/i });
  },
);
