/** What the API tells of the hub, its tasks and the runs that ended last. */
import type { Control } from '../control/index.js';
import { API_BOUNDS } from './limits.js';
import type { RecentRuns } from './recent-runs.js';
import { fault, noTaskText, queryOf, type Route } from './route.js';

export interface HubRoutesParts {
  readonly hub: Pick<Control, 'counts' | 'runs' | 'tasks'>;
  readonly recent: RecentRuns;
  readonly version: string;
  /** Milliseconds, monotonic. */
  readonly nowMs: () => number;
}

/** `GET /v1/hub`, `/v1/tasks`, `/v1/tasks/:name`; `GET /v1/runs` (`task`, `limit`), of a hub that keeps no records. */
export function hubRoutes({ hub, recent, version, nowMs }: HubRoutesParts): readonly Route[] {
  const startedAtMs = nowMs();
  return [
    {
      method: 'GET',
      path: '/v1/hub',
      answer: () => {
        const { counts, runs, tasks } = hub;
        return Response.json({ version, upMs: nowMs() - startedAtMs, tasks: tasks.length, runs, counts });
      },
    },
    { method: 'GET', path: '/v1/tasks', answer: () => Response.json({ tasks: hub.tasks }) },
    {
      method: 'GET',
      path: '/v1/tasks/:name',
      answer: (_, { name = '' }) => {
        const task = hub.tasks.find((one) => one.name === name);
        return task === undefined ? fault(404, noTaskText(name)) : Response.json(task);
      },
    },
    {
      method: 'GET',
      path: '/v1/runs',
      answer: (request) => {
        const most = wholeNumber(queryOf(request, 'limit') ?? '100', API_BOUNDS.listedRuns);
        if (most === undefined) return fault(400, `limit must be a whole number up to ${API_BOUNDS.listedRuns}`);
        return Response.json({ runs: recent.list(queryOf(request, 'task'), most) });
      },
    },
  ];
}

function wholeNumber(text: string, most: number): number | undefined {
  const value = Number(text);
  return /^\d{1,9}$/.test(text) && value <= most ? value : undefined;
}
