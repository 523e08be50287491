import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { apiToken, isAuthorized, keptToken } from '../../../hub/api/token.js';

t.test('a token is made once, for its owner only, and kept', async (t) => {
  const dir = join(t.testdir({}), 'data');
  await t.rejects(keptToken(dir), { code: 'ENOENT' });
  const token = await apiToken(dir);
  t.match(token, /^[\w-]{43}$/);
  t.equal(await apiToken(dir), token);
  t.equal(await keptToken(dir), token);
  t.equal(statSync(join(dir, 'api-token')).mode & 0o777, 0o600);
  t.not(await apiToken(join(dir, 'other')), token);
});

t.test('a file that holds something else is refused by its name', async (t) => {
  const dir = t.testdir({});
  writeFileSync(join(dir, 'api-token'), 'short\n');
  await t.rejects(apiToken(dir), { message: /api-token as it must hold 43/ });
});

t.test('only the whole token is one', (t) => {
  const token = 'x'.repeat(43);
  t.ok(isAuthorized(`Bearer ${token}`, token));
  for (const header of [undefined, '', 'Bearer ', `Bearer ${token}x`, `Bearer ${token.slice(1)}`, token]) {
    t.notOk(isAuthorized(header, token), header ?? 'none');
  }
  t.end();
});
