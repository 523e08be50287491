import { createHmac } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import t from 'tap';
import { hexOf, KnownHubs } from '../../../provider/identity/known-hubs.js';
import { newSigningKey } from '../../../provider/protocol/index.js';

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
const AN_HOUR = { fromMs: NOW_MS, untilMs: NOW_MS + 3_600_000 };
const SECRET = Buffer.alloc(32, 5);
const TRANSCRIPT = Buffer.from('transcript');
const MAC = createHmac('sha256', SECRET).update(TRANSCRIPT).digest();

t.test('a secret lets one hub in, which is known from then on, also after a restart', async (t) => {
  const dir = t.testdir({});
  const [first, second] = [newSigningKey().publicKey, newSigningKey().publicKey];
  const joining = { key: first, name: 'house', nowMs: NOW_MS };
  const hubs = await KnownHubs.open(dir);
  t.notOk(await hubs.join(joining, TRANSCRIPT, MAC), 'nobody was invited');
  await hubs.invitations.add(SECRET, AN_HOUR);
  t.notOk(await hubs.join(joining, Buffer.from('another transcript'), MAC), 'the secret was shown to somebody else');
  t.ok(await hubs.join(joining, TRANSCRIPT, MAC));
  t.notOk(await hubs.join({ ...joining, key: second }, TRANSCRIPT, MAC), 'it is used up');
  const later = await KnownHubs.open(dir);
  t.ok(later.has(hexOf(first)));
  t.notOk(later.has(hexOf(second)));
  t.equal(statSync(join(dir, 'hubs', hexOf(first))).mode & 0o777, 0o600);
  await hubs.heard(hexOf(first), NOW_MS + 5_000);
  t.match(await later.list(), [{ hub: hexOf(first), name: 'house', joinedAtMs: NOW_MS, heardAtMs: NOW_MS + 5_000 }]);
});

t.test('a hub that comes twice at once with its token is let in twice, and no other with it', async (t) => {
  const [key, other] = [newSigningKey().publicKey, newSigningKey().publicKey];
  const hubs = await KnownHubs.open(t.testdir({}));
  await hubs.invitations.add(SECRET, AN_HOUR);
  const joining = { key, name: 'house', nowMs: NOW_MS };
  const comes = [joining, joining, { ...joining, key: other }].map((one) => hubs.join(one, TRANSCRIPT, MAC));
  t.strictSame(await Promise.all(comes), [true, true, false]);
  t.equal((await hubs.list()).length, 1);
});

t.test('a hub that another process has forgotten is not known, and nothing brings it back', async (t) => {
  const dir = t.testdir({});
  const key = newSigningKey().publicKey;
  const hubs = await KnownHubs.open(dir);
  await hubs.invitations.add(SECRET, AN_HOUR);
  await hubs.join({ key, name: 'house', nowMs: NOW_MS }, TRANSCRIPT, MAC);
  const other = await KnownHubs.open(dir);
  t.ok(await other.forget(hexOf(key)));
  t.notOk(await other.forget(hexOf(key)), 'once');
  await hubs.heard(hexOf(key), NOW_MS);
  t.notOk(hubs.has(hexOf(key)));
  t.notOk(await hubs.join({ key, name: 'house', nowMs: NOW_MS }, TRANSCRIPT, MAC), 'its token is used up');
  t.strictSame(await hubs.list(), []);
});

t.test('hubs of an earlier version are taken up once, and one that is forgotten then stays so', async (t) => {
  const dir = t.testdir({});
  const keys = [newSigningKey().publicKey, newSigningKey().publicKey];
  const file = join(dir, 'hubs.json');
  const before = JSON.stringify({ hubs: keys.map((key) => Buffer.from(key).toString('base64url')) });
  writeFileSync(file, before);
  const [one, other] = keys.map((key) => hexOf(key));
  const [hubs] = await Promise.all([KnownHubs.open(dir), KnownHubs.open(dir)]);
  t.strictSame(new Set((await hubs.list()).map(({ hub }) => hub)), new Set([one, other]));
  t.notOk(existsSync(file));
  await hubs.forget(one ?? '');
  t.strictSame(
    (await (await KnownHubs.open(dir)).list()).map(({ hub }) => hub),
    [other],
  );
  writeFileSync(file, 'no JSON');
  await t.rejects(KnownHubs.open(dir), { message: /hubs\.json as it must hold/ });
});

t.test('whoever is killed while it takes them up leaves all of them to the next', async (t) => {
  const keys = Array.from({ length: 3 }, () => newSigningKey().publicKey);
  const before = JSON.stringify({ hubs: keys.map((key) => Buffer.from(key).toString('base64url')) });
  let wasKilled = true;
  for (let at = 0; wasKilled; at++) {
    const dir = join(t.testdirName, `${at}`);
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'hubs.json'), before);
    wasKilled = await killedAt(at, () => KnownHubs.open(dir));
    const hubs = await KnownHubs.open(dir);
    t.ok(
      keys.every((key) => hubs.has(hexOf(key))),
      `killed before step ${at}`,
    );
    t.strictSame(readdirSync(dir).toSorted(), ['hubs', 'invitations']);
  }
});

/** @returns whether the work took so many steps on the disk, before the last of which it ended. */
async function killedAt(at: number, work: () => Promise<unknown>): Promise<boolean> {
  const real = { ...promises };
  const killed = new Error('killed');
  let steps = 0;
  for (const name of ['writeFile', 'rename', 'rm', 'open', 'unlink'] as const) {
    const step = real[name] as (...args: readonly unknown[]) => Promise<unknown>;
    const stepOrEnd = async (...args: readonly unknown[]): Promise<unknown> => {
      if (steps++ >= at) throw killed;
      return step(...args);
    };
    Object.assign(promises, { [name]: stepOrEnd });
  }
  syncBuiltinESMExports();
  try {
    await work();
    return false;
  } catch (error) {
    if (error !== killed) throw error;
    return true;
  } finally {
    Object.assign(promises, real);
    syncBuiltinESMExports();
  }
}
