/** Runs that move between this hub and its providers, through the API. */
import type { Migrations } from '../migration/index.js';
import type { CurrentRuns } from '../parking/index.js';
import { fault, type Route } from './route.js';

interface Moving {
  readonly migrations: Pick<Migrations, 'migrate' | 'of'>;
  readonly currentRuns: Pick<CurrentRuns, 'list'>;
}

/**
 * `POST /v1/current-runs/:run/migrate` with `to`, a provider's name, or null for this hub: from its next point on, the run
 * executes there. `GET /v1/current-runs/:run/migration`: where it is and how it came there, also for a while after its end; null
 * for one that has not moved.
 */
export function migrationRoutes({ migrations, currentRuns }: Moving): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/v1/current-runs/:run/migrate',
      answer: async (request, { run = '' }) => {
        const to = targetIn(await request.json().catch(() => undefined));
        if (to === undefined)
          return fault(400, 'the body must have "to": the name of a provider, or null for this hub');
        const answer = await migrations.migrate(run, to.provider, 'by hand');
        return answer.ok ? Response.json({ run, to: to.provider ?? null }) : fault(409, answer.reason);
      },
    },
    {
      method: 'GET',
      path: '/v1/current-runs/:run/migration',
      answer: (_, { run = '' }) => {
        const migration = migrations.of(run);
        const isOver = !currentRuns.list().some(({ runId }) => runId === run);
        if (isOver && migration === undefined)
          return fault(404, `there is no run "${run}" that has begun and is not over`);
        return Response.json({ run, isOver, migration: migration ?? null });
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
