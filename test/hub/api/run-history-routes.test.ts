import t from 'tap';
import { createApp } from '../../../hub/api/app.js';
import { Followers } from '../../../hub/api/followers.js';
import { RecentRuns } from '../../../hub/api/recent-runs.js';
import { noCounts } from '../../../hub/counts.js';
import { RunHistory } from '../../../hub/records/run-history.js';
import type { RunQuery } from '../../../hub/store/index.js';
import { NO_LETTERS } from './no-letters.js';

const TOKEN = 'a'.repeat(43);
const asked: RunQuery[] = [];
const found: [string, number][] = [];

const history = new RunHistory({
  archive: {
    list: (query) => {
      asked.push(query);
      return Promise.resolve('[]');
    },
    find: (runId, bornMs) => {
      found.push([runId, bornMs]);
      return Promise.resolve(undefined);
    },
  },
  components: { find: (digest) => Promise.resolve(digest === 'c' ? Buffer.from('\0asm') : undefined) },
  flush: () => undefined,
  unrecorded: () => 3,
});
const invoke = (): never => {
  throw new Error('nothing is invoked');
};
const app = createApp({
  hub: { counts: noCounts(), runs: 0, tasks: [], invoke, letters: NO_LETTERS, release: () => false },
  recent: new RecentRuns(),
  followers: new Followers(),
  history,
  token: TOKEN,
  version: '1.2.3',
  nowMs: () => 7,
});
const get = (path: string) => app.request(path, { headers: { authorization: `Bearer ${TOKEN}` } });

t.test('runs are asked for by task, outcome, time and number', async (t) => {
  const response = await get('/v1/runs?task=light&outcome=trapped&since=5&limit=2');
  t.strictSame(await response.json(), { runs: [], unrecorded: 3 });
  t.match(asked, [{ task: 'light', outcome: 'trapped', sinceMs: 5, limit: 2 }]);
  await get('/v1/runs');
  t.match(asked[1], { task: undefined, outcome: undefined, sinceMs: undefined, limit: 100 });
});

t.test('bad queries are answered by what is wrong with them', async (t) => {
  for (const [query, fault] of [
    ['limit=1001', 'limit must be a whole number up to 1000'],
    ['limit=1.5', 'limit must be a whole number up to 1000'],
    ['outcome=fine', /^outcome must be one of completed, failed/],
    ['since=today', 'since must be a whole number of milliseconds since 1970'],
  ] as const) {
    const response = await get(`/v1/runs?${query}`);
    t.equal(response.status, 400);
    t.match(await response.json(), { error: fault });
  }
});

t.test('a run is looked for by its id from when that was made on, and a component by its digest', async (t) => {
  const missing = await get(`/v1/records/${encodeURIComponent('mwr7wlcw-01cbc86194-0/light')}`);
  t.equal(missing.status, 404);
  t.match(await missing.json(), { error: 'there is no record of a run "mwr7wlcw-01cbc86194-0/light": it is not over' });
  await get('/v1/records/other%2Flight');
  t.equal((await get(`/v1/records/${'x'.repeat(1_000)}`)).status, 404);
  t.equal((await get('/v1/records/%ff')).status, 404);
  t.match(found, [
    ['mwr7wlcw-01cbc86194-0/light', Number.parseInt('mwr7wlcw', 36)],
    ['other/light', 0],
  ]);
  const component = await get('/v1/components/c');
  t.equal(component.headers.get('content-type'), 'application/wasm');
  t.strictSame(Buffer.from(await component.arrayBuffer()), Buffer.from('\0asm'));
  t.equal((await get('/v1/components/d')).status, 404);
});

t.test('without the token neither runs nor components are told', async (t) => {
  for (const path of ['/v1/runs', '/v1/records/a', '/v1/components/c']) t.equal((await app.request(path)).status, 401);
});
