/** `sterna build [dir...]` */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buildTasks, findTaskDirs, type BuildResult } from '../build/index.js';

export interface TextOutput {
  write(text: string): unknown;
}

/**
 * Builds tasks and says how it went, a line for each.
 *
 * @param dirs Task folders; if none, those below ./guest-tasks, or below here.
 * @returns The exit code: 1 when any of them could not be built.
 */
export async function buildCommand(dirs: readonly string[], out: TextOutput): Promise<number> {
  const taskDirs = dirs.length > 0 ? dirs : await findTaskDirs(existsSync('guest-tasks') ? 'guest-tasks' : '.');
  if (taskDirs.length === 0) {
    out.write(
      'There is nothing to build: no folder here has both a task.toml and an index.ts, index.js or index.wasm.\n',
    );
    return 1;
  }
  let exitCode = 0;
  for await (const result of buildTasks(taskDirs)) {
    out.write(lineFor(result));
    if (!result.ok) exitCode = 1;
  }
  return exitCode;
}

function lineFor(result: BuildResult): string {
  if (!result.ok) return `${result.message}\n`;
  const { report, warnings } = result;
  const asks = Object.keys(report.imports).join(', ') || 'nothing';
  const file = join(relative(process.cwd(), result.dir), report.component);
  return `${warnings}${file}: ${report.bytes} bytes, asks for ${asks}\n`;
}
