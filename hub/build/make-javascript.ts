/** A folder with an index.js -> a component with a JavaScript engine in it. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { functionsImportedBy, worldOf } from '../../runtime/index.js';
import { compileJavaScript } from './compile-javascript.js';
import type { CoreNames } from './core-names.js';
import { HANDLER_EXPORT } from './entry-module.js';
import type { Made } from './made.js';
import { componentizeVersion } from './package-paths.js';
import { JAVASCRIPT_SOURCE } from './source-files.js';

/** Says what the component beside it was made from, since making it takes seconds. */
const RECORD_FILE = 'javascript.json';

/** The modules of WIT that a source names: `from "wasi:logging/logging@0.1.0-draft"`. */
const WIT_IMPORT = /\b(?:from|import)\s*['"]([a-z][a-z0-9-]*:[a-z0-9-]+\/[a-z0-9-]+@[^'"]+)['"]/g;

/**
 * Takes the component that is there if it was made from the same. Otherwise it
 * makes one, which is not the same byte for byte each time: the engine is
 * started, and what it is then is the component.
 *
 * @param shown the folder as messages name it.
 * @param file where the component is, or will be.
 */
export async function makeJavaScript(dir: string, shown: string, file: string): Promise<Made> {
  const sources = await sourcesOf(dir);
  const interfaces = [...new Set([...sources.values()].flatMap(namedInterfaces))].toSorted();
  const { wit, world } = await worldOf(interfaces);
  const madeFrom = digestOf([componentizeVersion(), wit, ...[...sources].flat()]);

  const kept = await keptComponent(file, madeFrom);
  if (kept !== undefined) return { ok: true, component: kept, names: namesOf(kept), warnings: '' };

  const compiled = await compileJavaScript({ source: join(dir, JAVASCRIPT_SOURCE), wit, world });
  if (!compiled.ok) return { ok: false, message: `${join(shown, JAVASCRIPT_SOURCE)}: ${compiled.text}` };
  const { component } = compiled;
  await mkdir(dirname(file), { recursive: true });
  const record = { madeFrom, component: digestOf([component]) };
  await writeFile(join(dirname(file), RECORD_FILE), `${JSON.stringify(record, undefined, 2)}\n`);
  return { ok: true, component, names: namesOf(component), warnings: '' };
}

/** Every file that the source may import, by its path, in order. */
async function sourcesOf(dir: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && /\.(js|mjs)$/.test(entry.name))
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
    .toSorted();
  return new Map(
    await Promise.all(paths.map(async (path) => [path, await readFile(join(dir, path), 'utf8')] as const)),
  );
}

function namedInterfaces(source: string): string[] {
  return Array.from(source.matchAll(WIT_IMPORT), ([, name = '']) => name);
}

async function keptComponent(file: string, madeFrom: string): Promise<Uint8Array | undefined> {
  try {
    const record: unknown = JSON.parse(await readFile(join(dirname(file), RECORD_FILE), 'utf8'));
    const component = await readFile(file);
    const expected = JSON.stringify({ madeFrom, component: digestOf([component]) });
    return JSON.stringify(record) === expected ? component : undefined;
  } catch {
    return undefined; // absent or unreadable: it is made anew
  }
}

/** As a core module's: what the report is made of. */
function namesOf(component: Uint8Array): CoreNames {
  const imports = functionsImportedBy(component).flatMap(([module, names]) => names.map((name) => ({ module, name })));
  return { imports, exports: [HANDLER_EXPORT] };
}

function digestOf(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length} `).update(part);
  return hash.digest('hex');
}
