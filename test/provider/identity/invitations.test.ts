import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import t from 'tap';
import { KnownHubs } from '../../../provider/identity/known-hubs.js';
import { newSigningKey } from '../../../provider/protocol/index.js';

const TRANSCRIPT = Buffer.from('transcript');

t.test('of hubs that come at once with one token, one is let in', async (t) => {
  const file = join(t.testdir({}), 'hubs.json');
  const secret = Buffer.alloc(32, 5);
  const hubs = await KnownHubs.open(file);
  await hubs.invite(secret);
  const mac = createHmac('sha256', secret).update(TRANSCRIPT).digest();
  const keys = Array.from({ length: 8 }, () => newSigningKey().publicKey);
  // As the handshake does.
  const admit = async (key: Uint8Array): Promise<boolean> => {
    await hubs.refresh();
    return hubs.join(key, TRANSCRIPT, mac);
  };
  const letIn = await Promise.all(keys.map(admit));
  t.equal(letIn.filter(Boolean).length, 1);
  const later = await KnownHubs.open(file);
  t.strictSame(
    keys.map((key) => later.has(key)),
    letIn,
  );
});

t.test('an invitation that another process makes is neither lost nor does it lose a hub', async (t) => {
  const file = join(t.testdir({}), 'hubs.json');
  const hubs = await KnownHubs.open(file);
  const secrets = [1, 2, 3, 4].map((i) => Buffer.alloc(32, i));
  const [first = Buffer.alloc(0), ...others] = secrets;
  await hubs.invite(first);
  const keys = secrets.map(() => newSigningKey().publicKey);
  const use = (i: number): Promise<boolean> => {
    const mac = createHmac('sha256', secrets[i] ?? '')
      .update(TRANSCRIPT)
      .digest();
    return hubs.join(keys[i] ?? Buffer.alloc(0), TRANSCRIPT, mac);
  };
  // As `sterna provider invite` does while the provider runs.
  const inviting = others.map(async (secret) => (await KnownHubs.open(file)).invite(secret));
  t.ok(await use(0));
  await Promise.all(inviting);
  for (const i of [1, 2, 3]) t.ok(await use(i), `invitation ${i}`);
  const later = await KnownHubs.open(file);
  t.ok(keys.every((key) => later.has(key)));
});
