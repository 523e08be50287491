import { buildTask, type BuildResult } from './build-task.js';

/** Builds folders one after the other, each as its turn comes; what is wrong with one does not stop the others. */
export async function* buildTasks(dirs: readonly string[]): AsyncGenerator<BuildResult> {
  for (const dir of dirs) yield await buildTask(dir);
}
