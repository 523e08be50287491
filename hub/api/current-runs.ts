/** Runs that go on, through the API. */
import type { Answer, CurrentRuns, Resumabilities } from '../parking/index.js';
import { fault, noTaskText, type Route } from './route.js';
import { notCurrent, type KnownRuns } from './which-run.js';

export interface Parked extends KnownRuns {
  readonly currentRuns: Pick<CurrentRuns, 'list' | 'park' | 'resume' | 'cancel' | 'checkpoint'>;
  readonly resumabilities: Pick<Resumabilities, 'of'>;
}

/**
 * `GET /v1/current-runs`; `POST /v1/current-runs/:run/park`, `/resume` and `/cancel`; `GET /v1/current-runs/:run/checkpoint`,
 * its bytes; `GET /v1/tasks/:name/resumability`. A run's id is written as one part of the path: "/" is %2F.
 */
export function currentRunRoutes(hub: Parked): readonly Route[] {
  const { currentRuns, resumabilities } = hub;
  const answered = async (run: string, ask: () => Answer | Promise<Answer>): Promise<Response> => {
    const missing = await notCurrent(hub, run);
    if (missing !== undefined) return missing;
    const answer = await ask();
    return answer.ok ? Response.json({ run }) : fault(409, answer.reason);
  };
  return [
    {
      method: 'GET',
      path: '/v1/current-runs',
      answer: () => Response.json({ runs: currentRuns.list() }),
    },
    {
      method: 'POST',
      path: '/v1/current-runs/:run/park',
      answer: (_, { run = '' }) => answered(run, () => currentRuns.park(run)),
    },
    {
      method: 'POST',
      path: '/v1/current-runs/:run/resume',
      answer: (_, { run = '' }) => answered(run, () => currentRuns.resume(run)),
    },
    {
      method: 'POST',
      path: '/v1/current-runs/:run/cancel',
      answer: (_, { run = '' }) => answered(run, () => currentRuns.cancel(run)),
    },
    {
      method: 'GET',
      path: '/v1/current-runs/:run/checkpoint',
      answer: (_, { run = '' }) => checkpoint(hub, run),
    },
    {
      method: 'GET',
      path: '/v1/tasks/:name/resumability',
      answer: (_, { name = '' }) => resumability(resumabilities, name),
    },
  ];
}

async function checkpoint(hub: Parked, run: string): Promise<Response> {
  const missing = await notCurrent(hub, run);
  if (missing !== undefined) return missing;
  const bytes = await hub.currentRuns.checkpoint(run);
  if (!(bytes instanceof Uint8Array)) return fault(409, bytes.ok ? 'it has ended' : bytes.reason);
  return new Response(new Uint8Array(bytes), { headers: { 'content-type': 'application/octet-stream' } });
}

async function resumability(resumabilities: Parked['resumabilities'], name: string): Promise<Response> {
  const found = await resumabilities.of(name);
  return found === undefined ? fault(404, noTaskText(name)) : Response.json(found);
}
