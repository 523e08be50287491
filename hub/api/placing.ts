/** Where runs execute and why, through the API. */
import type { Placement } from '../placement/index.js';
import type { Route } from './route.js';

/**
 * `GET /v1/placement`: the providers and what they may execute; with `run=`, where that run was placed.
 * @param placement Without one, all runs execute here.
 */
export function placementRoute(placement: Pick<Placement, 'providers' | 'plan' | 'explain'> | undefined): Route {
  return {
    method: 'GET',
    path: '/v1/placement',
    answer: (request) => {
      const run = new URL(request.url).searchParams.get('run');
      if (run !== null) return Response.json({ run, decisions: placement?.explain(run) ?? [] });
      return Response.json({ providers: placement?.providers ?? [], tasks: placement?.plan ?? [] });
    },
  };
}
