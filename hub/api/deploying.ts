/** Tasks that come and go through the API. */
import { rm } from 'node:fs/promises';
import type { Deployments } from '../deployments/index.js';
import { API_BOUNDS } from './limits.js';
import { fault, noTaskText, type Route } from './route.js';
import { takeUpload, uploadOf } from './upload.js';

export type DeployingHub = Pick<Deployments, 'incoming' | 'deploy' | 'remove'>;

/**
 * `POST /v1/tasks?manifestBytes=N&sha256=HEX`, its body a task.toml of N bytes and then the component;
 * `DELETE /v1/tasks/:name`, with `?state=purge` to empty its own bucket too.
 */
export function deployingRoutes(hub: DeployingHub): readonly Route[] {
  let uploads = 0;
  return [
    {
      method: 'POST',
      path: '/v1/tasks',
      takesPieces: true,
      answer: async (request) => {
        if (uploads >= API_BOUNDS.uploads)
          return fault(429, `at most ${API_BOUNDS.uploads} tasks may be uploaded at once: try again later`);
        uploads++;
        try {
          return await deploy(request, hub);
        } finally {
          uploads--;
        }
      },
    },
    {
      method: 'DELETE',
      path: '/v1/tasks/:name',
      answer: async (request, { name = '' }) => {
        const purge = new URL(request.url).searchParams.get('state') === 'purge';
        const removed = await hub.remove(name, { purge });
        return removed.kind === 'no-task' ? fault(404, noTaskText(name)) : Response.json(removed);
      },
    },
  ];
}

async function deploy(request: Request, hub: DeployingHub): Promise<Response> {
  const upload = uploadOf(request);
  if ('fault' in upload) return fault(upload.tooLarge ? 413 : 400, upload.fault);
  if (request.body === null) return fault(400, 'the body must be a task.toml and then the component');
  const component = hub.incoming();
  try {
    const uploaded = await takeUpload(request.body, { ...upload, file: component });
    if (!uploaded.ok) return fault(uploaded.tooLarge ? 413 : 400, uploaded.fault);
    const result = await hub.deploy({ toml: uploaded.toml, component });
    if (result.kind === 'deployed') return Response.json(result);
    return Response.json({ error: result.problems.join('\n'), problems: result.problems }, { status: 422 });
  } finally {
    await rm(component, { force: true });
  }
}
