import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_POINTS, explainResumable, RuntimeError } from '../../runtime/index.js';
import { printJson, type Output } from './asking.js';
import { oneTask } from './one-task.js';

/**
 * `sterna inspect ./DIR`: what can be said of a task before it is deployed, without a hub: whether it can be resumable, at
 * what cost in size, and why not.
 * @returns 1 when a hub would refuse it.
 */
export async function inspectFolder(dir: string, options: { readonly json?: boolean }, out: Output): Promise<number> {
  const task = await oneTask(dir);
  if (!task.ok) {
    for (const problem of task.problems) process.stderr.write(`${problem}\n`);
    return 1;
  }
  const { manifest, component } = task;
  const { name, version, limits, resumable } = manifest;
  const { memoryBytes } = limits;
  const cacheDir = await mkdtemp(join(tmpdir(), 'sterna-inspect-'));
  try {
    const points = resumable?.points ?? DEFAULT_POINTS;
    const could = await explainResumable(component, { cacheDir, memoryBytes, points });
    const declared = resumable !== undefined;
    const answer = { task: name, version, componentBytes: component.length, resumability: { declared, could } };
    if (options.json) printJson(out, answer);
    else out.write(`${JSON.stringify(answer, undefined, 2)}\n`);
    return declared && !could.resumable ? 1 : 0;
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    process.stderr.write(`${task.source}: ${error.message}\n`);
    return 1;
  } finally {
    await rm(cacheDir, { recursive: true, force: true });
  }
}
