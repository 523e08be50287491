/** Tasks as a hub would deploy them: the manifest and the component, built where they are not. */
import { cp, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { buildTask } from '../../hub/build/index.js';
import { parseManifest, type Manifest } from '../../hub/manifest/index.js';
import { PACKAGE_ROOT } from '../package-root.js';

export interface BuiltTask {
  readonly manifest: Manifest;
  readonly toml: string;
  readonly component: Uint8Array;
}

/** @param path The task's folder within the package: "guest-tasks/thermostat". */
export async function builtTask(path: string): Promise<BuiltTask> {
  const dir = join(PACKAGE_ROOT, path);
  const toml = await readFile(join(dir, 'task.toml'), 'utf8');
  const parsed = parseManifest(toml, `${path}/task.toml`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { manifest } = parsed;
  const component = (await upToDate(dir, manifest.component)) ?? (await build(dir, manifest.component));
  return { manifest, toml, component };
}

/** What an earlier build left, if no source is newer. */
async function upToDate(dir: string, component: string): Promise<Uint8Array | undefined> {
  try {
    const built = (await stat(join(dir, component))).mtimeMs;
    for (const folder of [dir, join(PACKAGE_ROOT, 'guest-tasks', 'sdk')]) {
      for (const name of await readdir(folder)) {
        const source = await stat(join(folder, name));
        if (source.isFile() && source.mtimeMs > built) return undefined;
      }
    }
    return await readFile(join(dir, component));
  } catch {
    return undefined;
  }
}

/** In a folder of its own: another test may be building the same. */
async function build(dir: string, component: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'sterna-task-'));
  try {
    const copy = join(folder, basename(dir));
    await cp(dir, copy, { recursive: true, filter: (source) => basename(source) !== 'build' });
    const built = await buildTask(copy);
    if (!built.ok) throw new Error(built.message);
    return await readFile(join(copy, component));
  } finally {
    await rm(folder, { recursive: true });
  }
}
