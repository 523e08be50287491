import { loadTasks, type LoadedTask } from '../registry/index.js';

/** The task of a folder that is to have one. */
export async function oneTask(dir: string): Promise<LoadedTask> {
  const found: LoadedTask[] = [];
  for await (const task of loadTasks([dir])) found.push(task);
  const [task] = found;
  if (task !== undefined && found.length === 1) return task;
  return { ok: false, source: dir, problems: [`${dir}: has ${found.length} tasks: name the folder of one of them`] };
}
