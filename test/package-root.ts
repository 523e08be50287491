import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json: the code runs from an out folder at some depth below it. */
export const PACKAGE_ROOT = findRoot(path.dirname(fileURLToPath(import.meta.url)));

function findRoot(folder: string): string {
  if (isRoot(folder)) return folder;
  const parent = path.dirname(folder);
  if (parent === folder) throw new Error('Cannot find package.json above the compiled code');
  return findRoot(parent);
}

function isRoot(folder: string): boolean {
  try {
    return readFileSync(path.join(folder, 'package.json'), 'utf8').includes('"name": "sterna"');
  } catch {
    return false;
  }
}
