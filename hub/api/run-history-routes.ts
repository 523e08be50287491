/** Routes for runs that are over, of this start of the hub and of earlier ones. */
import type { Outcome } from '../../runtime/index.js';
import { noCounts } from '../counts.js';
import type { RunHistory } from '../records/index.js';
import { API_BOUNDS } from './limits.js';

type Handler = (c: { readonly req: { readonly url: string } }) => Promise<Response>;

/** What takes routes. */
interface Routes {
  get(path: string, handler: Handler): unknown;
}

export function addRunHistory(
  routes: Routes,
  history: Pick<RunHistory, 'list' | 'find' | 'component' | 'unrecorded'>,
): void {
  routes.get('/v1/runs', async (c) => {
    const query = queryOf(new URL(c.req.url).searchParams);
    if (typeof query === 'string') return Response.json({ error: query }, { status: 400 });
    const runs = await history.list(query);
    return json(`{"runs":${runs},"unrecorded":${history.unrecorded}}`);
  });
  routes.get('/v1/records/:run', async (c) => {
    const runId = lastPart(c.req.url);
    const record = runId.length > API_BOUNDS.runIdLength ? undefined : await history.find(runId);
    if (record === undefined)
      return notFound(
        `there is no record of a run "${runId}": it is not over, or too old, or never was ("sterna runs" lists them)`,
      );
    return json(record);
  });
  routes.get('/v1/components/:digest', async (c) => {
    const digest = lastPart(c.req.url);
    const component = await history.component(digest);
    if (component === undefined) return notFound(`the component ${digest} is not kept`);
    return new Response(new Uint8Array(component), { headers: { 'content-type': 'application/wasm' } });
  });
}

const OUTCOMES: ReadonlySet<string> = new Set(Object.keys(noCounts().runs));

/** A query, or what is wrong with it. */
function queryOf(params: URLSearchParams): Parameters<RunHistory['list']>[0] | string {
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

function notFound(error: string): Response {
  return Response.json({ error }, { status: 404 });
}
