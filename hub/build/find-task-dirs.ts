/** Where `sterna build` looks when it is given no folder. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SOURCE_FILES } from './source-files.js';

/** Folders deeper than this below the one searched are not looked at: tasks may be grouped once. */
const MAX_DEPTH = 2;

/** The folders at or below `dir` that have both a task.toml and a source, in order of their paths. */
export async function findTaskDirs(dir: string, depth = 0): Promise<readonly string[]> {
  if (existsSync(join(dir, 'task.toml'))) return SOURCE_FILES.some((file) => existsSync(join(dir, file))) ? [dir] : [];
  if (depth === MAX_DEPTH) return [];
  const found: string[] = [];
  const entries = await readdir(dir, { withFileTypes: true });
  for (const { name } of entries
    .filter((entry) => entry.isDirectory())
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (name === 'node_modules' || name.startsWith('.')) continue;
    found.push(...(await findTaskDirs(join(dir, name), depth + 1)));
  }
  return found;
}
