import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { hubIdentity } from '../../../hub/data-folder/identity.js';

t.test('a hub keeps the name it once made', async (t) => {
  const dir = join(t.testdir({}), 'data');
  const name = await hubIdentity(dir);
  t.match(name, /^sterna[0-9a-f]{16}$/);
  t.equal(await hubIdentity(dir), name);
  t.not(await hubIdentity(join(t.testdirName, 'other')), name);
});

t.test('a file that holds no such name is refused', async (t) => {
  const dir = t.testdir({});
  writeFileSync(join(dir, 'identity'), 'not a name/\n');
  await t.rejects(hubIdentity(dir), { message: /identity as it must hold 1 to 23 letters and digits/ });
});
