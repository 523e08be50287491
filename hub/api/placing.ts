/** Where runs execute and why, through the API. */
import type { Placement } from '../placement/index.js';
import { fault, type Route } from './route.js';

type Placing = Pick<Placement, 'providers' | 'plan' | 'explain' | 'waitsOf' | 'conditions' | 'adapt'>;

export interface Waits {
  /** Whether a run waits that has not begun. */
  isWaiting(runId: string): boolean;
}

/**
 * `GET /v1/placement`: the providers and what they may execute; with `run=`, where that run was placed, and what it waits
 * for.
 * `POST /v1/conditions` with `onBattery`, `metered` or `isHot`, true or false: what the hub is under from now on.
 * @param placement Without one, all runs execute here.
 */
export function placementRoutes(placement: Placing | undefined, waits: Waits): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/placement',
      answer: (request) => {
        const run = new URL(request.url).searchParams.get('run');
        if (run !== null) {
          const decisions = placement?.explain(run) ?? [];
          return Response.json({ run, decisions, waitsFor: placement?.waitsOf(run, waits.isWaiting(run)) });
        }
        const { providers, plan: tasks, conditions } = placement ?? { providers: [], plan: [], conditions: {} };
        return Response.json({ providers, tasks, conditions });
      },
    },
    {
      method: 'POST',
      path: '/v1/conditions',
      answer: async (request) => {
        if (placement === undefined) return fault(409, 'the hub was started without --app: all runs execute here');
        const body: unknown = await request.json().catch(() => undefined);
        const change = changeOf(body);
        if (change === undefined)
          return fault(400, 'the body must have "onBattery", "metered" or "isHot", true or false');
        placement.adapt({ ...placement.conditions, ...change });
        return Response.json({ conditions: placement.conditions, tasks: placement.plan });
      },
    },
  ];
}

function changeOf(body: unknown): Partial<Placing['conditions']> | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const entries = Object.entries(body);
  const isRight = entries.every(([name, value]) => NAMES.has(name) && typeof value === 'boolean');
  return entries.length > 0 && isRight ? Object.fromEntries(entries) : undefined;
}

const NAMES: ReadonlySet<string> = new Set(['onBattery', 'metered', 'isHot']);
