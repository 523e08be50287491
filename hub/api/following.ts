/** Runs as they end, through the API, as server-sent events. */
import type { Follower, Followers } from './followers.js';
import { API_BOUNDS } from './limits.js';
import { fault, queryOf, type Route } from './route.js';

/** `GET /v1/runs/follow`, with `task=` those of one: `begun`, then `run` for each, and `lost` for those that were too many. */
export function followingRoute(followers: Followers): Route {
  return {
    method: 'GET',
    path: '/v1/runs/follow',
    answer: (request) => {
      const follower = followers.join(queryOf(request, 'task'));
      if (follower === undefined) return fault(429, `at most ${API_BOUNDS.followers} may follow at once`);
      const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' };
      return new Response(eventsOf(follower), { headers });
    },
  };
}

function eventsOf(follower: Follower): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const event = (name: string, data: unknown): Uint8Array =>
    encoder.encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  return new ReadableStream({
    start: (stream) => stream.enqueue(event('begun', {})),
    pull: async (stream) => {
      const next = await follower.next();
      if (next === undefined) return stream.close();
      for (const run of next.runs) stream.enqueue(event('run', run));
      if (next.lost > 0) stream.enqueue(event('lost', { runs: next.lost }));
    },
    cancel: () => follower.end(),
  });
}
