/** Core modules to components, against the worlds of `runtime/wit`. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RuntimeError } from './errors.js';
import { wrapAsComponent } from './provision/jco.js';

/** The file that declares the package the worlds are in; the other files hold the packages it uses. */
const WORLDS_FILE = 'task.wit';

/**
 * Wraps a core module whose imports and exports fit `world` as a component.
 * Strings cross as UTF-16. What the module does not import, the component does
 * not either. The same bytes give the same component.
 *
 * @param world A world of `runtime/wit/task.wit`, such as "task".
 * @throws RuntimeError 'component-invalid' naming what does not fit.
 */
export async function componentFromCore(core: Uint8Array, world: string): Promise<Uint8Array> {
  const witSource = await readWit();
  try {
    return await wrapAsComponent(core, witSource, world);
  } catch (error) {
    throw new RuntimeError('component-invalid', `the module does not fit the world ${world}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/** One text with all packages nested in it: given a folder, jco 1.35 panics. */
async function readWit(): Promise<string> {
  const folder = witFolder(dirname(fileURLToPath(import.meta.url)));
  const names = (await readdir(folder)).filter((name) => name.endsWith('.wit') && name !== WORLDS_FILE);
  const files = [WORLDS_FILE, ...names.toSorted()];
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.join('\n');
}

/** The code runs from an out folder at some depth below the package's root. */
function witFolder(from: string): string {
  const folder = join(from, 'runtime', 'wit');
  if (existsSync(join(folder, WORLDS_FILE))) return folder;
  const parent = dirname(from);
  if (parent === from) throw new RuntimeError('internal', 'runtime/wit is missing: the package is incomplete');
  return witFolder(parent);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
