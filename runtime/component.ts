/** Core modules to components, against the worlds of `runtime/wit`. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RuntimeError } from './errors.js';
import { componentImports } from './provision/component-imports.js';
import { HANDLER } from './provision/offered.js';
import { wrapAsComponent, type StringEncoding } from './provision/jco.js';

/** The file that declares the package the worlds are in; the other files hold the packages it uses. */
const WORLDS_FILE = 'task.wit';

/**
 * Wraps a core module whose imports and exports fit `world` as a component.
 * What the module does not import, the component does not either. Imports of
 * WASI's preview 1 are adapted. The same bytes give the same component.
 *
 * @param world A world of `runtime/wit/task.wit`, such as "task".
 * @param encoding how strings cross: AssemblyScript's are UTF-16.
 * @throws RuntimeError 'component-invalid' naming what does not fit.
 */
export async function componentFromCore(
  core: Uint8Array,
  world: string,
  encoding: StringEncoding = 'utf16',
): Promise<Uint8Array> {
  const witSource = await readWorlds();
  try {
    return await wrapAsComponent(core, witSource, world, encoding);
  } catch (error) {
    throw new RuntimeError('component-invalid', `the module does not fit the world ${world}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * The world of a component that imports these interfaces, and the packages they
 * are in.
 *
 * @param interfaces such as "wasi:logging/logging@0.1.0-draft".
 * @returns the text, and the world's name in it.
 */
export async function worldOf(
  interfaces: readonly string[],
): Promise<{ readonly wit: string; readonly world: string }> {
  const lines = [...interfaces.map((name) => `    import ${localName(name)};`), `    export ${HANDLER};`];
  return { wit: `${await readWorlds()}\nworld used {\n${lines.join('\n')}\n}\n`, world: 'used' };
}

/** Interfaces of the package that the worlds are in have no other name there. */
function localName(name: string): string {
  return /^sterna:task\/([a-z-]+)@0\.1\.0$/.exec(name)?.[1] ?? name;
}

/** The functions that a component imports, by interface. @throws MalformedWasm, UnsupportedComponent */
export function functionsImportedBy(component: Uint8Array): readonly (readonly [string, readonly string[]])[] {
  return componentImports(component).map(({ name, functions }) => [name, [...functions.keys()]]);
}

/** One text with all packages nested in it: given a folder, jco 1.35 panics. */
async function readWorlds(): Promise<string> {
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
