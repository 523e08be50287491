/** The token goes to the hub that has the folder, and to nobody who listens where one was. */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { writeAddress } from '../../../hub/api/address.js';
import { ApiClient } from '../../../hub/api/index.js';
import { apiToken } from '../../../hub/api/token.js';
import { holderOf, openStore } from '../../../hub/store/index.js';

/** Somebody who keeps what he is sent. */
async function listener(t: Test): Promise<{ readonly url: string; readonly heard: (string | undefined)[] }> {
  const heard: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    heard.push(request.headers.authorization);
    response.end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.close());
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, heard };
}

t.test('a hub that has the folder is asked, with the token', async (t) => {
  const dir = t.testdir({});
  const store = openStore(join(dir, 'state.db'));
  const { url, heard } = await listener(t);
  const token = await apiToken(dir);
  await t.rejects(ApiClient.of(dir), { name: 'ApiError', message: /cannot be asked: it is starting/ });
  await writeAddress(dir, url);
  t.same(await (await ApiClient.of(dir)).get('/v1/hub'), {});
  t.same(heard, [`Bearer ${token}`]);
  await store.close();
});

t.test('where a hub was, nobody is asked: neither after its end, nor while the next one starts', async (t) => {
  const dir = t.testdir({});
  const { url, heard } = await listener(t);
  await apiToken(dir);
  const first = openStore(join(dir, 'state.db'));
  const { pid, mark } = holderOf(dir) ?? {};
  t.equal(pid, process.pid);
  await writeAddress(dir, url);
  // As a kill leaves it.
  await first.close();
  const left = readFileSync(join(dir, 'api.json'), 'utf8');
  t.equal(holderOf(dir), undefined);
  await t.rejects(ApiClient.of(dir), { name: 'ApiError', message: /no hub runs on/ });
  // The same process: its id has come again.
  const second = openStore(join(dir, 'state.db'));
  t.equal(holderOf(dir)?.pid, pid);
  t.not(holderOf(dir)?.mark, mark);
  t.equal(readFileSync(join(dir, 'api.json'), 'utf8'), left);
  await t.rejects(ApiClient.of(dir), { name: 'ApiError', message: /cannot be asked/ });
  t.same(heard, []);
  await second.close();
});

t.test('a folder without a hub stays as it is, and asking about one keeps no hub out', async (t) => {
  const dir = t.testdir({});
  t.equal(holderOf(dir), undefined);
  t.throws(() => readFileSync(join(dir, 'lock')), { code: 'ENOENT' });
  const store = openStore(join(dir, 'state.db'));
  t.throws(() => openStore(join(dir, 'state.db')), { code: 'locked', message: new RegExp(`process ${process.pid}`) });
  await store.close();
  mkdirSync(join(dir, 'copy'));
  copyFileSync(join(dir, 'lock'), join(dir, 'copy', 'lock'));
  t.equal(holderOf(join(dir, 'copy')), undefined, 'what is written in it is no lock');
});
