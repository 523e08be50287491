/** Whoever has the token still makes the hub hold no more than a bound of what he sends. */
import { request } from 'node:http';
import t from 'tap';
import {
  backupRoute,
  currentRunRoutes,
  deployingRoutes,
  lookingRoutes,
  migrationRoutes,
  placementRoutes,
} from '../../../hub/api/index.js';
import { API_BOUNDS } from '../../../hub/api/limits.js';
import type { Route } from '../../../hub/api/route.js';
import { apiToken } from '../../../hub/api/token.js';
import { apiAlone } from './api-alone.js';

/** Nothing of a hub: no request gets as far as that. */
const none = {} as never;

const routes: readonly Route[] = [
  ...deployingRoutes(none),
  backupRoute(none),
  ...lookingRoutes(none),
  ...placementRoutes(none, none),
  ...currentRunRoutes(none),
  ...migrationRoutes(none),
];
const own: readonly string[] = [
  'POST /v1/tasks/a/invoke',
  'POST /v1/tasks/a/release',
  'POST /v1/dead-letters/redrive',
  'POST /v1/dead-letters/run-1/redrive',
  'DELETE /v1/dead-letters',
  'DELETE /v1/dead-letters/run-1',
];

const dataDir = t.testdir({});
const api = await apiAlone(t, dataDir, routes);
const token = await apiToken(dataDir);

/** Sends that many bytes, of which it is said how many there are, or not. @returns the answer's status. */
function send(method: string, path: string, bytes: number, isSaid: boolean): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    let status: number | undefined;
    const length = isSaid ? { 'content-length': String(bytes) } : { 'transfer-encoding': 'chunked' };
    const sending = request(`${api.url}${path}`, { method, headers: { authorization: `Bearer ${token}`, ...length } });
    sending.once('response', (response) => {
      status = response.statusCode;
      response.resume();
      sending.destroy();
      resolve(status);
    });
    // The connection may break once the answer is there.
    sending.on('error', (error) => (status === undefined ? reject(error) : undefined));
    sending.write(Buffer.alloc(bytes, ' '));
    sending.end();
  });
}

const bounded = routes.filter(({ method, takesPieces }) => method !== 'GET' && takesPieces !== true);
const targets = [...bounded.map(({ method, path }) => `${method} ${path.replaceAll(/:\w+/g, 'a')}`), ...own];

t.test('a body above the bound is answered with 413, on each route', async (t) => {
  for (const path of ['/v1/conditions', '/v1/current-runs/a/migrate']) t.ok(targets.includes(`POST ${path}`), path);
  for (const target of targets) {
    const [method = '', path = ''] = target.split(' ');
    t.equal(await send(method, path, API_BOUNDS.bodyBytes + 1, true), 413, target);
    t.equal(await send(method, path, API_BOUNDS.bodyBytes + 1, false), 413, `${target}, in pieces`);
  }
});

t.test('a body of the bound is looked at', async (t) => {
  t.equal(await send('POST', '/v1/current-runs/a/migrate', API_BOUNDS.bodyBytes, true), 400);
  t.equal(await send('POST', '/v1/current-runs/a/migrate', API_BOUNDS.bodyBytes, false), 400);
});

t.test('only a task comes piece by piece, and bounds itself', async (t) => {
  const pieces = routes.filter(({ takesPieces }) => takesPieces === true);
  t.same(
    pieces.map(({ method, path }) => `${method} ${path}`),
    ['POST /v1/tasks'],
  );
});
