/** Task folders on disk -> manifests and component bytes. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RUNTIME_BOUNDS } from '../../runtime/index.js';
import { MANIFEST_BOUNDS } from '../manifest/limits.js';
import { formatProblem, parseManifest, type Manifest } from '../manifest/index.js';

/** The file that makes a folder a task. */
const MANIFEST_FILE = 'task.toml';

export type LoadedTask =
  | {
      readonly ok: true;
      readonly source: string;
      readonly manifest: Manifest;
      /** What the manifest was read from. */
      readonly toml: string;
      readonly component: Uint8Array;
    }
  /** `source` is the path that was looked at; there is at least one problem. */
  | { readonly ok: false; readonly source: string; readonly problems: readonly string[] };

/**
 * Loads the tasks of some folders, each of which is a task or has tasks as its
 * direct children. What is wrong with one does not stop the others.
 */
export async function* loadTasks(dirs: readonly string[]): AsyncGenerator<LoadedTask> {
  for (const dir of dirs) {
    let taskDirs: readonly string[];
    try {
      taskDirs = await taskDirsOf(dir);
    } catch (error) {
      const problem = codeOf(error) === 'ENOENT' ? 'is not there' : `cannot be read: ${reasonOf(error)}`;
      yield refused(dir, `${problem}: name a folder with tasks`);
      continue;
    }
    if (taskDirs.length === 0) yield refused(dir, `has no tasks: neither it nor a folder in it has a ${MANIFEST_FILE}`);
    for (const taskDir of taskDirs) yield await loadTask(taskDir);
  }
}

/** The folder itself if it is a task, otherwise its children that are, by name. */
async function taskDirsOf(dir: string): Promise<readonly string[]> {
  if (await isFile(join(dir, MANIFEST_FILE))) return [dir];
  const found: string[] = [];
  const entries = await readdir(dir, { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const child = join(dir, entry.name);
    if (entry.name !== 'node_modules' && (await isFile(join(child, MANIFEST_FILE)))) found.push(child);
  }
  return found;
}

async function loadTask(dir: string): Promise<LoadedTask> {
  const file = join(dir, MANIFEST_FILE);
  const source = await readBounded(file, MANIFEST_BOUNDS.manifestBytes);
  if (typeof source === 'string') return refused(file, source);
  const toml = source.toString('utf8');
  const parsed = parseManifest(toml, file);
  if (!parsed.ok) return { ok: false, source: file, problems: parsed.problems.map(formatProblem) };
  const { manifest } = parsed;
  const componentFile = join(dir, manifest.component);
  const component = await readBounded(componentFile, RUNTIME_BOUNDS.componentBytes);
  if (typeof component === 'string') return refused(file, `the component ${componentFile} ${component}`);
  return { ok: true, source: file, manifest, toml, component };
}

/** The file's bytes, or what is wrong with it. */
async function readBounded(file: string, most: number): Promise<Buffer | string> {
  try {
    const { size } = await stat(file);
    if (size > most) return `must have at most ${most} bytes: it has ${size}`;
    return await readFile(file);
  } catch (error) {
    if (codeOf(error) === 'ENOENT')
      return file.endsWith('.wasm') ? 'is not there: build the task first' : 'is not there';
    return `cannot be read: ${reasonOf(error)}`;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}

function refused(source: string, problem: string): LoadedTask {
  return { ok: false, source, problems: [`${source}: ${problem}`] };
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
