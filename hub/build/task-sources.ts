/**
 * The files that asc sees. A task is compiled as if its folder were the root of
 * everything, so that the same sources give the same bytes wherever they lie.
 */
import { readFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { ENTRY_FILE, ENTRY_SOURCE } from './entry-module.js';
import { BASE_ASCONFIG, packageFolder, SDK_FOLDER } from './package-paths.js';

const ASCONFIG_FILE = 'asconfig.json';

/** Stands for the package's asconfig.json in a task's folder. */
const BASE_ASCONFIG_ALIAS = 'sterna-asconfig.json';

/**
 * A file of a package that tasks need not install, as asc looks for it in the
 * node_modules of one folder after another. xjb-as is what json-as itself imports.
 */
const PACKAGE_FILE = /[/\\]node_modules[/\\](sterna|json-as|xjb-as)[/\\](.+)$/;

export class TaskSources {
  /** Whether a file of json-as was asked for. */
  usesJsonAs = false;
  readonly #folder: string;

  constructor(dir: string) {
    this.#folder = resolve(dir);
  }

  /** The text of a file as asc names it, or null when there is none. */
  async read(name: string, baseDir: string): Promise<string | null> {
    const path = resolve(baseDir, name);
    if (path === join(this.#folder, ENTRY_FILE)) return ENTRY_SOURCE;
    if (path === join(this.#folder, BASE_ASCONFIG_ALIAS)) return readText(BASE_ASCONFIG);
    if (path === join(this.#folder, ASCONFIG_FILE)) return asconfigOf(path);
    const [, packageName, file] = PACKAGE_FILE.exec(path) ?? [];
    if (packageName === undefined || file === undefined) return readText(path);
    if (packageName === 'json-as') this.usesJsonAs = true;
    const folder = packageName === 'sterna' ? SDK_FOLDER : packageFolder(packageName);
    return readText(join(folder, ...file.split(sep)));
  }
}

/** A task's own options come first; what they leave open is as for every task. */
async function asconfigOf(path: string): Promise<string | null> {
  const own = await readText(path);
  if (own === null) return readText(BASE_ASCONFIG);
  const config: unknown = JSON.parse(own);
  if (typeof config !== 'object' || config === null || 'extends' in config) return own;
  return JSON.stringify({ ...config, extends: `./${BASE_ASCONFIG_ALIAS}` });
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    // asc tries one name after another; anything but "no such file" is a fault.
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return null;
    throw error;
  }
}
