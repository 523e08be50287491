/** Folders that a hub deploys tasks from. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { builtTask } from '../runtime/built-task.js';

/**
 * Puts tasks of the package into `dir`, built.
 * @param edit Changes what their task.toml says.
 */
export async function deployInto(dir: string, paths: readonly string[], edit = (toml: string) => toml): Promise<void> {
  for (const path of paths) {
    const { manifest, toml, component } = await builtTask(path);
    const folder = join(dir, manifest.name);
    const file = join(folder, manifest.component);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(join(folder, 'task.toml'), edit(toml));
    await writeFile(file, component);
  }
}
