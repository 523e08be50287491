/** One task's folder -> its component file and `build/report.json`. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { componentFromCore, RuntimeError } from '../../runtime/index.js';
import { formatProblem, parseManifest } from '../manifest/index.js';
import { compileTask, type Compiled } from './compile.js';
import { coreNames } from './core-names.js';
import { ON_EVENT } from './entry-module.js';
import { foreignImportFault } from './foreign-imports.js';
import { reportOf, type BuildReport } from './report.js';

const SOURCE_FILE = 'index.ts';
const REPORT_FILE = join('build', 'report.json');

export type BuildResult =
  | { readonly ok: true; readonly dir: string; readonly report: BuildReport; readonly warnings: string }
  /** `message` is for people: what asc printed, or a sentence. */
  | { readonly ok: false; readonly dir: string; readonly message: string };

/**
 * Compiles `<dir>/index.ts` and makes it a component of the world `task`. It is
 * called as the folder's task.toml says, or as the folder if there is none.
 *
 * The same sources give the same bytes, wherever the folder is.
 */
export async function buildTask(dir: string): Promise<BuildResult> {
  const shown = relative(process.cwd(), dir) || '.';
  const failed = (message: string): BuildResult => ({ ok: false, dir, message });

  if ((await readIfThere(join(dir, SOURCE_FILE))) === undefined) {
    return failed(`${join(shown, SOURCE_FILE)} is not there: a task's source is an ${SOURCE_FILE} in its folder`);
  }
  const named = await nameOf(dir, shown);
  if (!named.ok) return failed(named.message);

  const compiled = await compileTask(dir);
  if (!compiled.ok) return failed(compileMessage(compiled, join(shown, SOURCE_FILE)));
  const names = coreNames(compiled.core);
  const foreign = foreignImportFault(names.imports);
  if (foreign !== undefined) return failed(`${shown}: the task ${foreign}`);

  let component: Uint8Array;
  try {
    component = await componentFromCore(compiled.core, 'task');
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'component-invalid')
      return failed(`${shown}: ${error.message}`);
    throw error;
  }
  const report = reportOf({ task: named.task, file: named.file, names, component });
  await write(join(dir, named.file), component);
  await write(join(dir, REPORT_FILE), `${JSON.stringify(report, undefined, 2)}\n`);
  return { ok: true, dir, report, warnings: compiled.warnings };
}

type Named =
  | { readonly ok: true; readonly task: string; readonly file: string }
  | { readonly ok: false; readonly message: string };

async function nameOf(dir: string, shown: string): Promise<Named> {
  const source = await readIfThere(join(dir, 'task.toml'));
  if (source === undefined) {
    const task = basename(resolve(dir));
    return { ok: true, task, file: `build/${task}.wasm` };
  }
  const parsed = parseManifest(source, join(shown, 'task.toml'));
  if (!parsed.ok) return { ok: false, message: parsed.problems.map(formatProblem).join('\n') };
  return { ok: true, task: parsed.manifest.name, file: parsed.manifest.component };
}

function compileMessage(compiled: Extract<Compiled, { ok: false }>, source: string): string {
  if (compiled.entryFaults.length === 0) return compiled.text.trimEnd();
  // asc speaks of a file that the author never wrote.
  const reasons = compiled.entryFaults.map((fault) => fault.replace(/\.$/, '')).join('; ');
  const sentence = `${source} must have \`${ON_EVENT}\`: ${reasons}`;
  return compiled.onlyEntryFaults ? sentence : `${compiled.text.trimEnd()}\n${sentence}`;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function write(path: string, contents: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, contents);
}
