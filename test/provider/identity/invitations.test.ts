import { createHmac } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { hexOf, KnownHubs } from '../../../provider/identity/known-hubs.js';
import { PROVIDER_BOUNDS } from '../../../provider/policy.js';
import { newSigningKey } from '../../../provider/protocol/index.js';

const TRANSCRIPT = Buffer.from('transcript');
const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
const HOUR_MS = 3_600_000;
const AN_HOUR = { fromMs: NOW_MS, untilMs: NOW_MS + HOUR_MS };

/** A hub that comes with a secret, at a time. */
function joins(hubs: KnownHubs, secret: Uint8Array, { nowMs = NOW_MS, key = newSigningKey().publicKey } = {}) {
  const mac = createHmac('sha256', secret).update(TRANSCRIPT).digest();
  return hubs.join({ key, name: 'house', nowMs }, TRANSCRIPT, mac);
}

t.test('of hubs that come at once with one token, one is let in', async (t) => {
  const dir = t.testdir({});
  const secret = Buffer.alloc(32, 5);
  const hubs = await KnownHubs.open(dir);
  await hubs.invitations.add(secret, AN_HOUR);
  const keys = Array.from({ length: 8 }, () => newSigningKey().publicKey);
  const letIn = await Promise.all(keys.map((key) => joins(hubs, secret, { key })));
  t.equal(letIn.filter(Boolean).length, 1);
  const later = await KnownHubs.open(dir);
  t.strictSame(
    keys.map((key) => later.has(hexOf(key))),
    letIn,
  );
});

t.test('an invitation that another process makes is neither lost nor does it lose a hub', async (t) => {
  const dir = t.testdir({});
  const hubs = await KnownHubs.open(dir);
  const secrets = [1, 2, 3, 4].map((i) => Buffer.alloc(32, i));
  const [first = Buffer.alloc(0), ...others] = secrets;
  await hubs.invitations.add(first, AN_HOUR);
  const keys = secrets.map(() => newSigningKey().publicKey);
  const use = (i: number): Promise<boolean> => joins(hubs, secrets[i] ?? first, { key: keys[i] ?? first });
  // As `sterna provider invite` does while the provider runs.
  const inviting = others.map(async (secret) => (await KnownHubs.open(dir)).invitations.add(secret, AN_HOUR));
  t.ok(await use(0));
  await Promise.all(inviting);
  for (const i of [1, 2, 3]) t.ok(await use(i), `invitation ${i}`);
  const later = await KnownHubs.open(dir);
  t.ok(keys.every((key) => later.has(hexOf(key))));
});

t.test('a token is good for its time, and gone then', async (t) => {
  const dir = t.testdir({});
  const hubs = await KnownHubs.open(dir);
  const secret = Buffer.alloc(32, 5);
  const files = (): readonly string[] => readdirSync(join(dir, 'invitations'));
  await hubs.invitations.add(secret, AN_HOUR);
  t.notOk(await joins(hubs, secret, { nowMs: NOW_MS - HOUR_MS }), 'a clock that was set back lets nobody in');
  t.equal(files().length, 1, 'and takes no token away');
  t.strictSame(await hubs.invitations.list(NOW_MS), [AN_HOUR]);
  t.notOk(await joins(hubs, secret, { nowMs: AN_HOUR.untilMs }));
  t.strictSame(files(), [], 'its secret is not kept');
  t.notOk(await joins(hubs, secret), 'nor is it good again when the clock is set back');

  await hubs.invitations.add(secret, AN_HOUR);
  t.ok(await joins(hubs, secret, { nowMs: AN_HOUR.untilMs - 1 }));
});

t.test('of too many tokens the oldest ones go', async (t) => {
  const hubs = await KnownHubs.open(t.testdir({}));
  const secrets = Array.from({ length: PROVIDER_BOUNDS.invitations + 1 }, (_, i) => Buffer.alloc(32, i + 1));
  for (const [i, secret] of secrets.entries()) {
    await hubs.invitations.add(secret, { fromMs: NOW_MS + i, untilMs: NOW_MS + HOUR_MS });
  }
  t.notOk(await joins(hubs, secrets[0] ?? Buffer.alloc(0)));
  t.ok(await joins(hubs, secrets[1] ?? Buffer.alloc(0)));
});
