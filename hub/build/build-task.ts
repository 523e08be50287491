/** One task's folder -> its component file and `build/report.json`. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { formatProblem, parseManifest } from '../manifest/index.js';
import type { Made } from './made.js';
import { makeAssemblyScript } from './make-assemblyscript.js';
import { makeFromCore } from './make-from-core.js';
import { makeJavaScript } from './make-javascript.js';
import { reportOf, type BuildReport } from './report.js';
import { ASSEMBLYSCRIPT_SOURCE, CORE_MODULE, JAVASCRIPT_SOURCE, SOURCE_FILES } from './source-files.js';

const REPORT_FILE = join('build', 'report.json');

export type BuildResult =
  | { readonly ok: true; readonly dir: string; readonly report: BuildReport; readonly warnings: string }
  /** `message` is for people: what the compiler printed, or a sentence. */
  | { readonly ok: false; readonly dir: string; readonly message: string };

/**
 * Makes a component of a task's folder: `index.ts` is AssemblyScript, `index.js`
 * JavaScript, `index.wasm` what another compiler made. It is called as the folder's task.toml says, or as the folder if
 * there is none.
 */
export async function buildTask(dir: string): Promise<BuildResult> {
  const shown = relative(process.cwd(), dir) || '.';
  const failed = (message: string): BuildResult => ({ ok: false, dir, message });

  const sources = SOURCE_FILES.filter((file) => existsSync(join(dir, file)));
  if (sources.length === 0) {
    return failed(
      `${join(shown, ASSEMBLYSCRIPT_SOURCE)} is not there: a task's source is one of ${SOURCE_FILES.join(', ')} in its folder`,
    );
  }
  if (sources.length > 1) return failed(`${shown} has ${sources.join(' and ')}: a task has one source`);
  const named = await nameOf(dir, shown);
  if (!named.ok) return failed(named.message);

  const made = await make(sources[0], { dir, shown, file: join(dir, named.file) });
  if (!made.ok) return failed(made.message);
  const report = reportOf({ task: named.task, file: named.file, names: made.names, component: made.component });
  await write(join(dir, named.file), made.component);
  await write(join(dir, REPORT_FILE), `${JSON.stringify(report, undefined, 2)}\n`);
  return { ok: true, dir, report, warnings: made.warnings };
}

interface Place {
  readonly dir: string;
  /** The folder as messages name it. */
  readonly shown: string;
  /** Where the component goes. */
  readonly file: string;
}

async function make(source: string | undefined, { dir, shown, file }: Place): Promise<Made> {
  switch (source) {
    case JAVASCRIPT_SOURCE:
      return makeJavaScript(dir, shown, file);
    case CORE_MODULE:
      return makeFromCore(dir, shown);
    default:
      return makeAssemblyScript(dir, shown);
  }
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
