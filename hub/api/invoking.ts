/** A task is run by hand, through the API. */
import type { Effect } from '../../runtime/index.js';
import type { Control } from '../control/index.js';
import { invocationOf } from './invocation.js';
import { recentRun } from './recent-runs.js';
import { fault, noTaskText, type Route } from './route.js';

/** `POST /v1/tasks/:name/invoke` with a topic and a payload: its outcome and its effects, which are real. */
export function invokingRoute(hub: Pick<Control, 'tasks' | 'invoke'>): Route {
  return {
    method: 'POST',
    path: '/v1/tasks/:name/invoke',
    answer: async (request, { name: task = '' }) => {
      if (!hub.tasks.some(({ name }) => name === task)) return fault(404, noTaskText(task));
      const invocation = invocationOf(task, await request.text());
      if (!invocation.ok) return fault(400, invocation.fault);
      const invoked = await hub.invoke(invocation.invocation);
      switch (invoked.kind) {
        case 'refused':
          return fault(409, invoked.reason);
        case 'running':
          return Response.json(invoked, { status: 202 });
        case 'ended': {
          const { run } = invoked;
          return Response.json({ kind: 'ended', run: recentRun(run), effects: shownEffects(run.effects) });
        }
      }
    },
  };
}

/** Bytes as base64. */
function shownEffects(effects: readonly Effect[]): readonly object[] {
  return effects.map((effect) => {
    switch (effect.kind) {
      case 'publish':
        return { ...effect, payload: Buffer.from(effect.payload).toString('base64') };
      case 'set':
        return { ...effect, value: Buffer.from(effect.value).toString('base64') };
      case 'delete':
        return effect;
    }
  });
}
