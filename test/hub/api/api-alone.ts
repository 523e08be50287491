/** The API, and its routes, without a hub that does anything. */
import type { Test } from 'tap';
import { Followers, RecentRuns, startApi, type Api } from '../../../hub/api/index.js';
import type { Route } from '../../../hub/api/route.js';
import { noCounts } from '../../../hub/counts.js';
import { NO_LETTERS } from './no-letters.js';

/** Ends with the test. */
export async function apiAlone(t: Pick<Test, 'teardown'>, dataDir: string, routes: readonly Route[]): Promise<Api> {
  const hub = {
    counts: noCounts(),
    runs: 0,
    tasks: [],
    invoke: () => Promise.reject(new Error('nothing is invoked')),
    letters: NO_LETTERS,
    release: () => false,
  };
  const parts = { hub, recent: new RecentRuns(), followers: new Followers(), routes, version: '1', nowMs: () => 0 };
  const api = await startApi({ ...parts, dataDir, host: '127.0.0.1', port: 0 });
  t.teardown(() => api.close());
  return api;
}
