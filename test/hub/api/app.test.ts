import t from 'tap';
import { createApp } from '../../../hub/api/app.js';
import { Followers } from '../../../hub/api/followers.js';
import { API_BOUNDS } from '../../../hub/api/limits.js';
import { RecentRuns } from '../../../hub/api/recent-runs.js';
import type { Invocation, Invoked, TaskStatus } from '../../../hub/control/control.js';
import { noCounts } from '../../../hub/counts.js';
import { finished } from './finished.js';
import { NO_LETTERS } from './no-letters.js';

const TOKEN = 'a'.repeat(43);
const AUTHORIZED = { headers: { authorization: `Bearer ${TOKEN}` } };

const LIGHT: TaskStatus = {
  name: 'light',
  version: '1.0.0',
  description: '',
  digest: 'd'.repeat(64),
  imports: [],
  timers: [],
  filters: ['home/+/motion'],
  priority: 5,
  limits: { fuel: 1, memoryBytes: 1, deadlineMs: 1, outputBytes: 1, logBytes: 1 },
  grants: { publish: [], buckets: {} },
  waiting: 0,
  retrying: 0,
  outcomes: {},
  fuel: 0,
  dropped: {},
};

interface Setup {
  readonly app: ReturnType<typeof createApp>;
  readonly recent: RecentRuns;
  readonly followers: Followers;
  readonly invoked: Invocation[];
}

function setUp(answer: Invoked = { kind: 'ended', run: finished() }): Setup {
  const invoked: Invocation[] = [];
  const [recent, followers] = [new RecentRuns(), new Followers()];
  const invoke = (invocation: Invocation): Promise<Invoked> => {
    invoked.push(invocation);
    return Promise.resolve(answer);
  };
  const hub = { counts: noCounts(), runs: 0, tasks: [LIGHT], invoke, letters: NO_LETTERS, release: () => false };
  const app = createApp({ hub, recent, followers, token: TOKEN, version: '1.2.3', nowMs: () => 7 });
  return { app, recent, followers, invoked };
}

const post = (body: string): RequestInit => ({ ...AUTHORIZED, method: 'POST', body });

t.test('without the token nothing is told, not even what there is', async (t) => {
  const { app } = setUp();
  const authorization = [
    undefined,
    '',
    'Bearer',
    `Bearer ${'b'.repeat(43)}`,
    `bearer ${TOKEN}`,
    TOKEN,
    `Bearer ${TOKEN} `,
  ];
  for (const value of authorization) {
    for (const path of ['/v1/hub', '/v1/tasks', '/v1/runs/follow', '/nowhere']) {
      const headers = value === undefined ? {} : { authorization: value };
      const response = await app.request(path, { headers });
      // A header's white space at the end is none of its value.
      const status = value?.trim() === `Bearer ${TOKEN}` ? [200, 404] : [401];
      t.ok(status.includes(response.status), `${path} with ${value ?? 'no header'}: ${response.status}`);
      await response.body?.cancel();
    }
  }
});

t.test('it tells of the hub, its tasks and the runs that ended last', async (t) => {
  const { app, recent } = setUp();
  t.match(await (await app.request('/v1/hub', AUTHORIZED)).json(), { version: '1.2.3', upMs: 0, tasks: 1 });
  t.match(await (await app.request('/v1/tasks', AUTHORIZED)).json(), { tasks: [{ name: 'light' }] });
  t.match(await (await app.request('/v1/tasks/light', AUTHORIZED)).json(), { version: '1.0.0' });
  t.equal((await app.request('/v1/tasks/dark', AUTHORIZED)).status, 404);
  recent.note(finished({ runId: '1/light' }));
  recent.note(finished({ runId: '2/other', task: 'other' }));
  recent.note(finished({ runId: '3/light' }));
  const listed = async (query: string): Promise<unknown> => (await app.request(`/v1/runs${query}`, AUTHORIZED)).json();
  t.match(await listed(''), { runs: [{ runId: '3/light' }, { runId: '2/other' }, { runId: '1/light' }] });
  t.match(await listed('?task=light&limit=1'), { runs: [{ runId: '3/light' }] });
  for (const limit of ['x', '-1', '1001', '1e2']) {
    const response = await app.request(`/v1/runs?limit=${limit}`, AUTHORIZED);
    t.same([response.status, await response.json()], [400, { error: 'limit must be a whole number up to 1000' }]);
  }
});

t.test('a task is invoked with the event of the request', async (t) => {
  const { app, invoked } = setUp();
  const body = JSON.stringify({ topic: 'home/hall/motion', payload: Buffer.from('hi').toString('base64') });
  const response = await app.request('/v1/tasks/light/invoke', post(body));
  t.match(await response.json(), { kind: 'ended', run: { runId: 'e0/light', outcome: { kind: 'completed' } } });
  t.match(invoked, [{ task: 'light', topic: 'home/hall/motion', payload: Buffer.from('hi') }]);
});

t.test('bad requests are answered by what is wrong with them, and reach no task', async (t) => {
  const { app, invoked } = setUp();
  const bad: readonly (readonly [string, string, number, RegExp])[] = [
    ['/v1/tasks/dark/invoke', '{"topic":"a"}', 404, /no task "dark"/],
    ['/v1/tasks/light/invoke', '{', 400, /must be JSON/],
    ['/v1/tasks/light/invoke', 'null', 400, /must be an object/],
    ['/v1/tasks/light/invoke', '{"topic":1}', 400, /topic must be a string/],
    ['/v1/tasks/light/invoke', '{"topic":"a/#"}', 400, /topic must be one that can be published to/],
    ['/v1/tasks/light/invoke', '{"topic":"a","payload":"*"}', 400, /base64/],
    ['/v1/tasks/light/invoke', `"${'x'.repeat(API_BOUNDS.bodyBytes)}"`, 413, /at most \d+ bytes/],
    ['/v1/else', '', 404, /there is no POST \/v1\/else/],
  ];
  for (const [path, body, status, message] of bad) {
    const response = await app.request(path, post(body));
    const { error } = (await response.json()) as { error: string };
    t.equal(response.status, status);
    t.match(error, message);
  }
  t.same(invoked, []);
});

t.test('no room for a run, and a run that takes long, are said', async (t) => {
  const refused = setUp({ kind: 'refused', reason: 'full' }).app;
  t.equal((await refused.request('/v1/tasks/light/invoke', post('{"topic":"a"}'))).status, 409);
  const running = setUp({ kind: 'running', runId: 'e1/light' }).app;
  const response = await running.request('/v1/tasks/light/invoke', post('{"topic":"a"}'));
  t.same([response.status, await response.json()], [202, { kind: 'running', runId: 'e1/light' }]);
});

t.test('runs are followed as they end, by as many as may', async (t) => {
  const { app, followers } = setUp();
  const response = await app.request('/v1/runs/follow?task=light', AUTHORIZED);
  followers.note(finished({ runId: '1/other', task: 'other' }));
  followers.note(finished({ runId: '2/light' }));
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.includes('2/light')) followers.close();
  }
  t.match(text, /^event: begun/);
  t.notMatch(text, /other/);
  const all = Array.from({ length: API_BOUNDS.followers }, () => followers.join(undefined));
  t.equal((await app.request('/v1/runs/follow', AUTHORIZED)).status, 429);
  for (const follower of all) follower?.end();
  t.not(followers.join(undefined), undefined, 'one that leaves makes room');
});
