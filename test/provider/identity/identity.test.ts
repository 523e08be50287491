import { X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { certificateDigest, makeIdentity, readIdentity } from '../../../provider/identity/identity.js';
import { readJoinToken, writeJoinToken } from '../../../provider/protocol/index.js';

const DAY_MS = 24 * 3_600_000;
const NOW_MS = Date.parse('2026-03-01T12:00:00Z');

t.test('the certificate is one that others read: for its host and its time, signed by its own key', async (t) => {
  const hosts = ['provider.example', '192.168.1.7', '[2001:db8::7]', '[::1]'];
  for (const host of hosts) {
    const identity = await makeIdentity({
      dataDir: t.testdir({}),
      url: `wss://${host}:7443`,
      nowMs: NOW_MS,
      validMs: 30 * DAY_MS,
    });
    const certificate = new X509Certificate(identity.certificate);
    t.ok(certificate.verify(certificate.publicKey), `${host}: it is signed by its key`);
    const name = host.replace(/^\[|\]$/g, '');
    t.ok(certificate.checkHost(name) ?? certificate.checkIP(name), `${host}: ${certificate.subjectAltName}`);
    t.equal(Date.parse(certificate.validFrom), NOW_MS - 60_000);
    t.equal(Date.parse(certificate.validTo), NOW_MS + 30 * DAY_MS);
    t.equal(certificateDigest(identity.certificate).length, 32);
  }
  const late = await makeIdentity({
    dataDir: t.testdir({}),
    url: 'wss://a:1',
    nowMs: NOW_MS,
    validMs: 40 * 365 * DAY_MS,
  });
  t.match(new X509Certificate(late.certificate).validTo, '2066', 'after 2049, time is written in another way');
});

t.test('what a provider is stays, readable by its owner only; a new certificate is for the same key', async (t) => {
  const dataDir = t.testdir({});
  const made = await makeIdentity({ dataDir, url: 'wss://a:1', nowMs: NOW_MS, validMs: DAY_MS });
  const read = await readIdentity(dataDir);
  t.strictSame(read?.certificate, made.certificate);
  t.strictSame(read?.key.publicKey, made.key.publicKey);
  t.equal(statSync(join(dataDir, 'provider-key.pem')).mode & 0o777, 0o600);
  const again = await makeIdentity({ dataDir, url: 'wss://a:1', nowMs: NOW_MS + 1, validMs: DAY_MS });
  t.strictSame(again.key.publicKey, made.key.publicKey);
  t.not(again.certificate, made.certificate);
  t.equal(await readIdentity(join(dataDir, 'other')), undefined);
});

t.test('a join token is one line, and one that was cut or changed is refused', (t) => {
  const token = {
    url: 'wss://p.example:7443',
    key: Buffer.alloc(32, 1),
    certificate: Buffer.alloc(32, 2),
    secret: Buffer.alloc(32, 3),
  };
  const line = writeJoinToken(token);
  t.notMatch(line, /\s/);
  t.match(readJoinToken(`${line}\n`), { ok: true, token });
  const plain = { ...token, url: 'ws://127.0.0.1:7443', certificate: undefined };
  t.match(readJoinToken(writeJoinToken(plain)), { ok: true, token: plain });
  for (const wrong of [
    '',
    'sterna1',
    line.slice(0, -8),
    line.replace('sterna1', 'sterna2'),
    writeJoinToken({ ...token, url: 'http://a' }),
    writeJoinToken({ ...plain, url: 'ws://p.example:7443' }),
    writeJoinToken({ ...plain, url: 'ws://127.0.0.1.p.example:7443' }),
    writeJoinToken({ ...plain, url: 'ws://10.0.0.7:7443' }),
    writeJoinToken({ ...token, certificate: undefined }),
  ]) {
    t.match(readJoinToken(wrong), { ok: false, fault: /^The join token cannot be used: / }, wrong.slice(0, 20));
  }
  t.end();
});
