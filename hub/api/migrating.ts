/** Runs that move between this hub and its providers, through the API. */
import type { Migrations } from '../migration/index.js';
import { fault, type Route } from './route.js';
import { currentRun, notCurrent, type KnownRuns } from './which-run.js';

interface Moving extends KnownRuns {
  readonly migrations: Pick<Migrations, 'migrate' | 'of'>;
}

/**
 * `POST /v1/current-runs/:run/migrate` with `to`, a provider's name, or null for this hub: from its next point on, the run
 * executes there; `executes` says which of the two does now. `GET /v1/current-runs/:run/migration`: where it is and how it came there, also for a while after its end; null
 * for one that has not moved. With `current`, what is listed of it while it goes on.
 */
export function migrationRoutes(hub: Moving): readonly Route[] {
  const { migrations } = hub;
  return [
    {
      method: 'POST',
      path: '/v1/current-runs/:run/migrate',
      answer: async (request, { run = '' }) => {
        const to = targetIn(await request.json().catch(() => undefined));
        if (to === undefined)
          return fault(400, 'the body must have "to": the name of a provider, or null for this hub');
        const missing = await notCurrent(hub, run);
        if (missing !== undefined) return missing;
        const answer = await migrations.migrate(run, to.provider, 'by hand');
        if (!answer.ok) return fault(409, answer.reason);
        return Response.json({ run, to: to.provider ?? null, executes: migrations.of(run)?.executes ?? 'hub' });
      },
    },
    {
      method: 'GET',
      path: '/v1/current-runs/:run/migration',
      answer: async (_, { run = '' }) => {
        const migration = migrations.of(run) ?? null;
        const missing = migration === null ? await notCurrent(hub, run) : undefined;
        const current = currentRun(hub, run) ?? null;
        return missing ?? Response.json({ run, isOver: current === null, current, migration });
      },
    },
  ];
}

function targetIn(body: unknown): { readonly provider: string | undefined } | undefined {
  if (typeof body !== 'object' || body === null || !('to' in body)) return undefined;
  const { to } = body;
  if (to === null) return { provider: undefined };
  return typeof to === 'string' && to !== '' ? { provider: to } : undefined;
}
