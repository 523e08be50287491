/** A task's sources to a core module: the only importer of asc. */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main as asc, type DiagnosticMessage } from 'assemblyscript/asc';
import { ABORT_ALIAS, ENTRY_FILE, SEED_ALIAS } from './entry-module.js';
import { jsonAsTransform } from './package-paths.js';
import { TaskSources } from './task-sources.js';

const OUT_FILE = 'task.wasm';

const RENAME_HANDLER = fileURLToPath(new URL('./rename-handler.js', import.meta.url));
const KEEP_RECURSION = fileURLToPath(new URL('./keep-recursion.js', import.meta.url));
const TRANSFORMS = [RENAME_HANDLER, KEEP_RECURSION];

/** asc's DiagnosticCategory.Error, a const enum that exists in its declarations only. */
const ERROR_CATEGORY = 3;

export type Compiled =
  | { readonly ok: true; readonly core: Uint8Array; readonly warnings: string }
  | {
      readonly ok: false;
      /** What asc printed, with file, line and column. */
      readonly text: string;
      /** Errors in the entry that the build writes: the author's `onEvent` does not fit it. */
      readonly entryFaults: readonly string[];
      /** Whether there are no other errors. */
      readonly onlyEntryFaults: boolean;
    };

/**
 * Compiles a task's folder with the options of its own asconfig.json, then
 * those of the package's. Files are named in `text` as seen from the working directory.
 */
export async function compileTask(dir: string): Promise<Compiled> {
  const sources = new TaskSources(dir);
  const compiled = await compile(dir, sources, TRANSFORMS);
  // Known only now: json-as needs its transform, and asc takes transforms before it reads a source.
  if (sources.usesJsonAs) return compile(dir, sources, [jsonAsTransform(), ...TRANSFORMS]);
  return compiled;
}

async function compile(dir: string, sources: TaskSources, transforms: readonly string[]): Promise<Compiled> {
  let core: Uint8Array | undefined;
  let printed = '';
  const errors: DiagnosticMessage[] = [];
  const output = { write: (chunk: Uint8Array | string) => void (printed += String(chunk)) };
  const { error } = await asc(argumentsFor(dir, transforms), {
    stdout: output,
    stderr: output,
    readFile: (name, baseDir) => sources.read(name, baseDir),
    writeFile: (name, contents) => {
      if (name === OUT_FILE && typeof contents !== 'string') core = contents;
    },
    listFiles: () => [],
    reportDiagnostic: (diagnostic) => {
      if (diagnostic.category === ERROR_CATEGORY) errors.push(diagnostic);
    },
  });
  const text = withPathsFrom(dir, printed);
  if (error === null && core !== undefined) return { ok: true, core, warnings: text };
  const entryFaults = errors
    .filter(({ range }) => range?.source.normalizedPath === ENTRY_FILE)
    .map(({ message }) => message);
  return { ok: false, text, entryFaults, onlyEntryFaults: errors.length > 0 && entryFaults.length === errors.length };
}

/** What every task needs is said here; what may differ is in asconfig.json. */
function argumentsFor(dir: string, transforms: readonly string[]): string[] {
  // Relative, because json-as joins it to the working directory.
  const baseDir = relative(process.cwd(), dir) || '.';
  const options = [
    '--outFile',
    OUT_FILE,
    '--baseDir',
    baseDir,
    '--noColors',
    '--use',
    ABORT_ALIAS,
    '--use',
    SEED_ALIAS,
  ];
  return [ENTRY_FILE, ...options, ...transforms.flatMap((path) => ['--transform', path])];
}

/** asc calls the task's folder the root: "in index.ts(5,10)" becomes a path that can be clicked. */
function withPathsFrom(dir: string, text: string): string {
  const prefix = relative(process.cwd(), dir).replaceAll('\\', '/');
  const place = / in (?!~lib\/)([^\s()]+\.ts)\((\d+),(\d+)\)/g;
  return text.replace(place, (_, file: string, line: string, column: string) => {
    const path = prefix === '' ? file : `${prefix}/${file}`;
    return ` in ${path}:${line}:${column}`;
  });
}
