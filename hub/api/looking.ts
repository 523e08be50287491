/** What is kept and what waits, through the API. */
import type { QueueOfTask } from '../intake/index.js';
import type { StateView } from '../store/index.js';
import { API_BOUNDS } from './limits.js';
import { fault, type Route } from './route.js';

export interface LookedAt {
  readonly state: Pick<StateView, 'buckets' | 'keys' | 'value'>;
  readonly queue: readonly QueueOfTask[];
  /** Events that no room in the hub keeps with the broker. */
  readonly heldForRoom: number;
}

/**
 * `GET /v1/queue`; `GET /v1/state`, its buckets; `GET /v1/state/:bucket`, keys of one (`prefix`, `after`, `limit`);
 * `GET /v1/state/:bucket/value?key=`, a value in base64. A bucket's name is written as one part of the path: "/" is %2F.
 */
export function lookingRoutes(hub: LookedAt): readonly Route[] {
  let views = 0;
  const view = async (look: () => Promise<Response>): Promise<Response> => {
    if (views >= API_BOUNDS.stateViews) return fault(429, `at most ${API_BOUNDS.stateViews} may look at once`);
    views++;
    try {
      return await look();
    } finally {
      views--;
    }
  };
  return [
    {
      method: 'GET',
      path: '/v1/queue',
      answer: () => Response.json({ heldForRoom: hub.heldForRoom, tasks: hub.queue }),
    },
    {
      method: 'GET',
      path: '/v1/state',
      answer: () => view(async () => Response.json({ buckets: await hub.state.buckets() })),
    },
    {
      method: 'GET',
      path: '/v1/state/:bucket',
      answer: (request, { bucket = '' }) => view(() => keys(hub, bucket, new URL(request.url).searchParams)),
    },
    {
      method: 'GET',
      path: '/v1/state/:bucket/value',
      answer: (request, { bucket = '' }) =>
        view(() => value(hub, bucket, new URL(request.url).searchParams.get('key') ?? '')),
    },
  ];
}

async function keys(hub: LookedAt, bucket: string, query: URLSearchParams): Promise<Response> {
  const text = query.get('limit') ?? '100';
  const limit = Number(text);
  if (!/^\d{1,9}$/.test(text) || limit < 1 || limit > API_BOUNDS.listedKeys)
    return fault(400, `limit must be a whole number from 1 to ${API_BOUNDS.listedKeys}`);
  const [prefix, after] = [query.get('prefix') ?? '', query.get('after') ?? undefined];
  const found = await hub.state.keys({ bucket, prefix, after, limit });
  // With as many as were asked for there may be more.
  const last = found.length === limit ? found.at(-1)?.key : undefined;
  return Response.json({ bucket, keys: found, ...(last === undefined ? {} : { after: last }) });
}

async function value(hub: LookedAt, bucket: string, key: string): Promise<Response> {
  const found = await hub.state.value(bucket, key);
  if (found === undefined) return fault(404, `the bucket "${bucket}" has no key "${key}"`);
  const base64 = Buffer.from(found.value).toString('base64');
  return Response.json({ bucket, key, version: found.version, value: base64 });
}
