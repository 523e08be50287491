/** Tasks are uploaded over HTTP, by who has the token, within bounds; who is slow or sends too much changes nothing. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { deployingRoutes, Followers, RecentRuns, startApi } from '../../../hub/api/index.js';
import { API_BOUNDS } from '../../../hub/api/limits.js';
import type { DeployResult, NewTask, RemoveResult } from '../../../hub/deployments/index.js';
import { noCounts } from '../../../hub/counts.js';
import { RUNTIME_BOUNDS } from '../../../runtime/index.js';
import { until } from '../../runtime/eventually.js';
import { NO_LETTERS } from './no-letters.js';

const TOML = 'name = "é"\n';
const COMPONENT = Buffer.alloc(300_000, 'x');

interface Setup {
  readonly url: string;
  readonly token: string;
  /** What was deployed: the manifest, and the component. */
  readonly deployed: (readonly [string, Buffer])[];
  readonly removed: string[];
  /** Files of uploads that are there. */
  readonly files: () => readonly string[];
}

async function setUp(t: Test, result?: DeployResult): Promise<Setup> {
  const dataDir = t.testdir({});
  const incoming = join(dataDir, 'incoming');
  await mkdir(incoming);
  const deployed: (readonly [string, Buffer])[] = [];
  const removed: string[] = [];
  let files = 0;
  const routes = deployingRoutes({
    incoming: () => join(incoming, String(files++)),
    deploy: ({ toml, component }: NewTask): Promise<DeployResult> => {
      deployed.push([toml, readFileSync(component)]);
      const done = {
        kind: 'deployed',
        task: 'a',
        version: '1',
        digest: '',
        moved: 0,
        dropped: 0,
        warnings: [],
      } as const;
      return Promise.resolve(result ?? done);
    },
    remove: (name, { purge }): Promise<RemoveResult> => {
      removed.push(`${name} ${purge}`);
      return Promise.resolve(name === 'none' ? { kind: 'no-task' } : { kind: 'removed', dropped: 1, warnings: [] });
    },
  });
  const hub = {
    counts: noCounts(),
    runs: 0,
    tasks: [],
    invoke: () => Promise.reject(new Error('not here')),
    letters: NO_LETTERS,
    release: () => false,
  };
  const parts = { hub, recent: new RecentRuns(), followers: new Followers(), routes, version: '1', nowMs: () => 0 };
  const api = await startApi({ ...parts, dataDir, host: '127.0.0.1', port: 0 });
  t.teardown(() => api.close());
  const token = readFileSync(join(dataDir, 'api-token'), 'utf8').trim();
  return { url: api.url, token, deployed, removed, files: () => readdirSync(incoming) };
}

const QUERY = { manifestBytes: String(Buffer.byteLength(TOML)), sha256: sha256(COMPONENT) };

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function upload(
  { url, token }: Setup,
  query: Readonly<Record<string, string>> = QUERY,
  body: Uint8Array = Buffer.concat([Buffer.from(TOML), COMPONENT]),
): Promise<readonly [number, unknown]> {
  const response = await fetch(`${url}/v1/tasks?${new URLSearchParams(query).toString()}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: new Uint8Array(body),
  });
  return [response.status, await response.json()];
}

t.test('a manifest and a component arrive as they were sent', async (t) => {
  const api = await setUp(t);
  t.match(await upload(api), [200, { kind: 'deployed', task: 'a' }]);
  t.equal(api.deployed[0]?.[0], TOML);
  t.equal(api.deployed[0]?.[1].equals(COMPONENT), true);
  t.same(api.files(), [], 'nothing of it is left in the way');
});

t.test('a refused task is answered with all its problems', async (t) => {
  const api = await setUp(t, { kind: 'refused', problems: ['one', 'two'] });
  t.same(await upload(api), [422, { error: 'one\ntwo', problems: ['one', 'two'] }]);
  t.same(api.files(), []);
});

t.test('without the token, or with something else than was said, nothing is deployed', async (t) => {
  const api = await setUp(t);
  const wrong: readonly (readonly [Setup, Readonly<Record<string, string>>, number, RegExp])[] = [
    [{ ...api, token: 'b'.repeat(43) }, QUERY, 401, /must carry the token/],
    [api, { ...QUERY, sha256: sha256(Buffer.from('else')) }, 400, /must have the sha256 .*: what came has /],
    [api, { ...QUERY, sha256: 'X' }, 400, /64 hexadecimal digits/],
    [api, { ...QUERY, manifestBytes: '-1' }, 400, /manifestBytes must say/],
    [api, { ...QUERY, manifestBytes: '999999999' }, 413, /at most 65536 bytes/],
    [api, { ...QUERY, manifestBytes: '65536' }, 400, /the component must have the sha256/],
  ];
  for (const [from, query, status, error] of wrong) t.match(await upload(from, query), [status, { error }]);
  t.match(await upload(api, QUERY, Buffer.from('nam')), [
    400,
    { error: /must begin with 12 bytes of task\.toml: it has 3/ },
  ]);
  t.same(api.deployed, []);
  t.same(api.files(), []);
});

t.test('a component that is too large is refused by what it says, or as soon as it is too large', async (t) => {
  const api = await setUp(t);
  const path = `/v1/tasks?${new URLSearchParams(QUERY).toString()}`;
  const send = (headers: Readonly<Record<string, string>>): ReturnType<typeof request> =>
    request(`${api.url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${api.token}`, ...headers } });
  const said = send({ 'content-length': String(RUNTIME_BOUNDS.componentBytes * 2) });
  t.equal(await statusOf(said), 413);
  const unsaid = send({ 'transfer-encoding': 'chunked' });
  const piece = Buffer.alloc(1_048_576);
  const answered = statusOf(unsaid);
  const done = new AbortController();
  void answered.then(() => done.abort());
  for (let i = 0; i < 80 && !done.signal.aborted; i++)
    await new Promise((resolve) => void unsaid.write(piece, resolve));
  t.equal(await answered, 413);
  await until('the file is gone', 5_000, () => api.files().length === 0);
  t.same(api.deployed, []);
});

t.test('uploads that stop keep others out only beyond their number, and leave nothing behind', async (t) => {
  const api = await setUp(t);
  const stalled = Array.from({ length: API_BOUNDS.uploads }, () => {
    const sending = request(`${api.url}/v1/tasks?${new URLSearchParams(QUERY).toString()}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${api.token}`, 'content-length': '1000' },
    });
    sending.on('error', () => undefined);
    sending.write('na');
    return sending;
  });
  await until('they have begun', 5_000, () => api.files().length === stalled.length);
  t.match(await upload(api), [429, { error: /at most 2 tasks may be uploaded at once/ }]);
  const others = await fetch(`${api.url}/v1/hub`, { headers: { authorization: `Bearer ${api.token}` } });
  t.equal(others.status, 200);
  stalled[0]?.destroy();
  await until('its file is gone', 5_000, () => api.files().length === stalled.length - 1);
  t.match(await upload(api), [200, { kind: 'deployed' }]);
  for (const one of stalled) one.destroy();
  await until('all are gone', 5_000, () => api.files().length === 0);
});

t.test('a task is removed, with its state if that is asked for', async (t) => {
  const api = await setUp(t);
  const remove = async (path: string): Promise<number> => {
    const response = await fetch(`${api.url}/v1/tasks/${path}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${api.token}` },
    });
    return response.status;
  };
  t.same([await remove('a'), await remove('b?state=purge'), await remove('none')], [200, 200, 404]);
  t.same(api.removed, ['a false', 'b true', 'none false']);
  t.equal(existsSync('none'), false);
});

function statusOf(sending: ReturnType<typeof request>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    let answered = false;
    sending.once('response', (response: IncomingMessage) => {
      answered = true;
      resolve(response.statusCode);
      response.resume();
      sending.destroy();
    });
    // The connection may break once the answer is there.
    sending.on('error', (error) => (answered ? undefined : reject(error)));
    sending.flushHeaders();
  });
}
