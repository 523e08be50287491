/** The routes of the control API. The only importer of hono. */
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { streamSSE } from 'hono/streaming';
import type { Effect } from '../../runtime/index.js';
import type { Control } from '../control/index.js';
import type { Followers } from './followers.js';
import { deadLetterRoutes, type DeadLetterParts } from './dead-letters.js';
import { invocationOf } from './invocation.js';
import type { RunHistory } from '../records/index.js';
import { API_BOUNDS } from './limits.js';
import { recentRun, type RecentRuns } from './recent-runs.js';
import { noTaskText, type Route } from './route.js';
import { addRunHistory } from './run-history-routes.js';
import { isAuthorized } from './token.js';

export interface AppParts {
  readonly hub: Pick<Control, 'counts' | 'runs' | 'tasks' | 'invoke'> & DeadLetterParts;
  readonly recent: RecentRuns;
  readonly followers: Followers;
  /** Without it, `recent` is all there is. */
  readonly history?: RunHistory | undefined;
  readonly token: string;
  /** Those of other files. */
  readonly routes?: readonly Route[];
  readonly version: string;
  /** Milliseconds, monotonic. */
  readonly nowMs: () => number;
}

export function createApp({ hub, recent, followers, history, token, routes = [], version, nowMs }: AppParts): Hono {
  const startedAtMs = nowMs();
  const app = new Hono();
  app.use(async (c, next) => {
    if (isAuthorized(c.req.header('authorization'), token)) return next();
    return c.json(
      { error: 'the request must carry the token of the file api-token as "Authorization: Bearer ..."' },
      401,
    );
  });
  // Those look at what comes by bounds of their own.
  for (const route of routes) app.on(route.method, route.path, (c) => route.answer(c.req.raw, c.req.param()));
  app.use(bodyLimit({ maxSize: API_BOUNDS.bodyBytes, onError: (c) => tooLarge(c) }));
  app.notFound((c) => c.json({ error: `there is no ${c.req.method} ${c.req.path}` }, 404));
  app.onError((error, c) => c.json({ error: `the hub failed to answer: ${error.message}` }, 500));

  app.get('/v1/hub', (c) => {
    const { counts, runs, tasks } = hub;
    return c.json({ version, upMs: nowMs() - startedAtMs, tasks: tasks.length, runs, counts });
  });
  app.get('/v1/tasks', (c) => c.json({ tasks: hub.tasks }));
  app.get('/v1/tasks/:name', (c) => {
    const task = hub.tasks.find(({ name }) => name === c.req.param('name'));
    return task === undefined ? noTask(c) : c.json(task);
  });
  if (history !== undefined) addRunHistory(app, history);
  app.get('/v1/runs', (c) => {
    const most = wholeNumber(c.req.query('limit') ?? '100', API_BOUNDS.listedRuns);
    if (most === undefined)
      return c.json({ error: `limit must be a whole number up to ${API_BOUNDS.listedRuns}` }, 400);
    return c.json({ runs: recent.list(c.req.query('task'), most) });
  });
  app.get('/v1/runs/follow', (c) => {
    const follower = followers.join(c.req.query('task'));
    if (follower === undefined) return c.json({ error: `at most ${API_BOUNDS.followers} may follow at once` }, 429);
    return streamSSE(c, async (stream) => {
      stream.onAbort(() => follower.end());
      await stream.writeSSE({ event: 'begun', data: '{}' });
      for (let next = await follower.next(); next !== undefined; next = await follower.next()) {
        for (const run of next.runs) await stream.writeSSE({ event: 'run', data: JSON.stringify(run) });
        if (next.lost > 0) await stream.writeSSE({ event: 'lost', data: JSON.stringify({ runs: next.lost }) });
      }
    });
  });
  app.post('/v1/tasks/:name/invoke', async (c) => {
    const task = c.req.param('name');
    if (!hub.tasks.some(({ name }) => name === task)) return noTask(c);
    const invocation = invocationOf(task, await c.req.text());
    if (!invocation.ok) return c.json({ error: invocation.fault }, 400);
    const invoked = await hub.invoke(invocation.invocation);
    switch (invoked.kind) {
      case 'refused':
        return c.json({ error: invoked.reason }, 409);
      case 'running':
        return c.json(invoked, 202);
      case 'ended':
        return c.json({ kind: 'ended', run: recentRun(invoked.run), effects: shownEffects(invoked.run.effects) });
    }
  });
  for (const { method, path, answer } of deadLetterRoutes(hub)) {
    app.on(method, path, async (c) => {
      const { status, body } = await answer({ param: (name) => c.req.param(name), query: (name) => c.req.query(name) });
      return c.json(body, status);
    });
  }
  return app;
}

/** Bytes as base64. */
function shownEffects(effects: readonly Effect[]): readonly object[] {
  return effects.map((effect) => {
    switch (effect.kind) {
      case 'publish':
        return { ...effect, payload: Buffer.from(effect.payload).toString('base64') };
      case 'set':
        return { ...effect, value: Buffer.from(effect.value).toString('base64') };
      case 'delete':
        return effect;
    }
  });
}

function noTask(c: Context): Response {
  return c.json({ error: noTaskText(c.req.param('name') ?? '') }, 404);
}

function tooLarge(c: Context): Response {
  return c.json({ error: `a request's body may have at most ${API_BOUNDS.bodyBytes} bytes` }, 413);
}

function wholeNumber(text: string, most: number): number | undefined {
  const value = Number(text);
  return /^\d{1,9}$/.test(text) && value <= most ? value : undefined;
}
