import t from 'tap';
import { SESSION_BOUNDS } from '../../../hub/session/limits.js';
import { savedProviders, saveProvider } from '../../../hub/session/saved-providers.js';
import { newSigningKey, writeJoinToken } from '../../../provider/protocol/index.js';

const { publicKey: key } = newSigningKey();
const TOKEN = writeJoinToken({ url: 'ws://127.0.0.1:1', key, certificate: undefined, secret: Buffer.alloc(32, 1) });

t.test('a hub knows so many providers, and each of them may be replaced', async (t) => {
  const dir = t.testdir({});
  const name = (i: number): string => `shed-${i}`;
  for (let i = 0; i < SESSION_BOUNDS.providers; i++) await saveProvider(dir, name(i), TOKEN);
  await t.rejects(saveProvider(dir, 'one-more', TOKEN), { message: 'A hub must have at most 16 providers' });
  await saveProvider(dir, name(0), TOKEN);
  t.equal((await savedProviders(dir)).length, SESSION_BOUNDS.providers);
});
