/** Which hub `sterna provider forget` means: hubs choose their names themselves. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { providerForgetCommand } from '../../provider/hubs-command.js';
import { makeIdentity } from '../../provider/identity/identity.js';

t.test("a hub that is called as another one's key begins is not taken for it", async (t) => {
  const dataDir = t.testdir({});
  await makeIdentity({ dataDir, url: 'ws://127.0.0.1:1', nowMs: Date.now(), validMs: 60_000 });
  const [kitchen, other] = ['ab'.repeat(32), 'cd'.repeat(32)];
  mkdirSync(join(dataDir, 'hubs'), { recursive: true });
  for (const [key, name] of [
    [kitchen, 'kitchen'],
    [other, kitchen.slice(0, 12)],
  ] as const) {
    writeFileSync(join(dataDir, 'hubs', key), JSON.stringify({ name, joinedAtMs: 1 }));
  }
  const said: string[] = [];
  const out = { write: (text: string) => said.push(text) > 0 };
  t.equal(await providerForgetCommand(kitchen.slice(0, 12), dataDir, out), 0);
  t.match(said.join(''), /^forgotten: kitchen/);
  t.equal(await providerForgetCommand('cdcdcdcdcdcd', dataDir, out), 0, 'and the other one by its own');
});
