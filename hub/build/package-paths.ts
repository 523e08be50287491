/** Where the package keeps what the build reads. The code runs from an out folder at some depth below its root. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = findRoot(dirname(fileURLToPath(import.meta.url)));

/** The SDK's sources: what `from "sterna"` means in a task. */
export const SDK_FOLDER = join(root, 'guest-tasks', 'sdk');

/** asc's options for every task; guest-tasks/README.md says why they are as they are. */
export const BASE_ASCONFIG = join(root, 'asconfig.json');

const jsonAs = dirname(fileURLToPath(import.meta.resolve('json-as/package.json')));

/** The folder of an AssemblyScript package which this package depends on, so that tasks need not install it. */
export function packageFolder(name: string): string {
  if (name === 'json-as') return jsonAs;
  // What json-as imports is found from where json-as is.
  return dirname(createRequire(join(jsonAs, 'package.json')).resolve(`${name}/package.json`));
}

/** The version of what makes components of JavaScript, which is not imported for it: that costs half a second. */
export function componentizeVersion(): string {
  const file = new URL('../package.json', import.meta.resolve('@bytecodealliance/componentize-js'));
  const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '';
}

/** The transform that classes marked `@json` need. */
export function jsonAsTransform(): string {
  return join(jsonAs, 'transform', 'lib', 'index.js');
}

function findRoot(from: string): string {
  if (existsSync(join(from, 'guest-tasks', 'sdk', 'index.ts'))) return from;
  const parent = dirname(from);
  if (parent === from)
    throw new Error('Cannot find guest-tasks/sdk above the compiled code: the package is incomplete');
  return findRoot(parent);
}
