/** The routes of the control API. The only importer of hono. */
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Control } from '../control/index.js';
import type { RunHistory } from '../records/index.js';
import { deadLetterRoutes, type DeadLetterParts } from './dead-letters.js';
import type { Followers } from './followers.js';
import { followingRoute } from './following.js';
import { hubRoutes, type HubRoutesParts } from './hub-routes.js';
import { invokingRoute } from './invoking.js';
import { API_BOUNDS } from './limits.js';
import { fault, type Route } from './route.js';
import { runHistoryRoutes } from './run-history-routes.js';
import { isAuthorized } from './token.js';

export interface AppParts extends HubRoutesParts {
  readonly hub: HubRoutesParts['hub'] & Pick<Control, 'invoke'> & DeadLetterParts;
  readonly followers: Followers;
  /** Without it, `recent` is all there is. */
  readonly history?: RunHistory | undefined;
  readonly token: string;
  /** Those of other parts of the hub. */
  readonly routes?: readonly Route[];
}

export function createApp({ history, token, routes = [], followers, ...parts }: AppParts): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    if (isAuthorized(c.req.header('authorization'), token)) return next();
    return fault(401, 'the request must carry the token of the file api-token as "Authorization: Bearer ..."');
  });
  app.notFound((c) => fault(404, `there is no ${c.req.method} ${c.req.path}`));
  app.onError((error) => fault(500, `the hub failed to answer: ${error.message}`));
  const all = [
    ...routes,
    // Of two with one path, the first answers.
    ...(history === undefined ? [] : runHistoryRoutes(history)),
    ...hubRoutes(parts),
    followingRoute(followers),
    invokingRoute(parts.hub),
    ...deadLetterRoutes(parts.hub),
  ];
  for (const route of all) {
    if (route.takesPieces !== true) app.on(route.method, route.path, bounded);
    app.on(route.method, route.path, (c) => route.answer(c.req.raw, c.req.param()));
  }
  return app;
}

const bounded = bodyLimit({
  maxSize: API_BOUNDS.bodyBytes,
  onError: () => fault(413, `a request's body may have at most ${API_BOUNDS.bodyBytes} bytes`),
});
