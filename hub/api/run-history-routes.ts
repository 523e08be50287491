/** Routes for runs that are over, of this start of the hub and of earlier ones. */
import type { Outcome } from '../../runtime/index.js';
import { noCounts } from '../counts.js';
import type { RunHistory } from '../records/index.js';
import { API_BOUNDS } from './limits.js';
import { fault, type Route } from './route.js';

/** `GET /v1/runs` (`task`, `outcome`, `since`, `limit`), `/v1/records/:run` and `/v1/components/:digest`, its bytes. */
export function runHistoryRoutes(
  history: Pick<RunHistory, 'list' | 'find' | 'component' | 'unrecorded'>,
): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/runs',
      answer: async (request) => {
        const query = historyQuery(new URL(request.url).searchParams);
        if (typeof query === 'string') return fault(400, query);
        const runs = await history.list(query);
        return json(`{"runs":${runs},"unrecorded":${history.unrecorded}}`);
      },
    },
    {
      method: 'GET',
      path: '/v1/records/:run',
      answer: async (request) => {
        const runId = lastPart(request.url);
        const record = runId.length > API_BOUNDS.runIdLength ? undefined : await history.find(runId);
        if (record !== undefined) return json(record);
        const why = 'it is not over, or too old, or never was ("sterna runs" lists them)';
        return fault(404, `there is no record of a run "${runId}": ${why}`);
      },
    },
    {
      method: 'GET',
      path: '/v1/components/:digest',
      answer: async (request) => {
        const digest = lastPart(request.url);
        const component = await history.component(digest);
        if (component === undefined) return fault(404, `the component ${digest} is not kept`);
        return new Response(new Uint8Array(component), { headers: { 'content-type': 'application/wasm' } });
      },
    },
  ];
}

const OUTCOMES: ReadonlySet<string> = new Set(Object.keys(noCounts().runs));

/** A query, or what is wrong with it. */
function historyQuery(params: URLSearchParams): Parameters<RunHistory['list']>[0] | string {
  const limit = Number(params.get('limit') ?? 100);
  if (!Number.isInteger(limit) || limit < 0 || limit > API_BOUNDS.listedRuns) {
    return `limit must be a whole number up to ${API_BOUNDS.listedRuns}`;
  }
  const outcome = params.get('outcome') ?? undefined;
  if (outcome !== undefined && !isOutcome(outcome)) return `outcome must be one of ${[...OUTCOMES].join(', ')}`;
  const since = params.get('since');
  const sinceMs = since === null ? undefined : Number(since);
  if (sinceMs !== undefined && !Number.isSafeInteger(sinceMs)) {
    return 'since must be a whole number of milliseconds since 1970';
  }
  const log = { lines: API_BOUNDS.recentLogLines, length: API_BOUNDS.recentLogLength };
  return { task: params.get('task') ?? undefined, outcome, sinceMs, limit, log };
}

function isOutcome(text: string): text is Outcome['kind'] {
  return OUTCOMES.has(text);
}

function lastPart(url: string): string {
  const part = new URL(url).pathname.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Of text that is JSON already. */
function json(text: string): Response {
  return new Response(text, { headers: { 'content-type': 'application/json' } });
}
