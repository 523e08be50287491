/** A folder with an index.ts -> a component of the world `task`. */
import { join } from 'node:path';
import { componentFromCore, RuntimeError } from '../../runtime/index.js';
import { compileTask, type Compiled } from './compile.js';
import { coreNames } from './core-names.js';
import { ON_EVENT } from './entry-module.js';
import { foreignImportFault } from './foreign-imports.js';
import type { Made } from './made.js';
import { ASSEMBLYSCRIPT_SOURCE } from './source-files.js';

/**
 * The same sources give the same bytes, wherever the folder is.
 * @param shown the folder as messages name it.
 */
export async function makeAssemblyScript(dir: string, shown: string): Promise<Made> {
  const compiled = await compileTask(dir);
  if (!compiled.ok) return { ok: false, message: compileMessage(compiled, join(shown, ASSEMBLYSCRIPT_SOURCE)) };
  const names = coreNames(compiled.core);
  const foreign = foreignImportFault(names.imports);
  if (foreign !== undefined) return { ok: false, message: `${shown}: the task ${foreign}` };
  try {
    const component = await componentFromCore(compiled.core, 'task');
    return { ok: true, component, names, warnings: compiled.warnings };
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'component-invalid')
      return { ok: false, message: `${shown}: ${error.message}` };
    throw error;
  }
}

function compileMessage(compiled: Extract<Compiled, { ok: false }>, source: string): string {
  if (compiled.entryFaults.length === 0) return compiled.text.trimEnd();
  // asc speaks of a file that the author never wrote.
  const reasons = compiled.entryFaults.map((fault) => fault.replace(/\.$/, '')).join('; ');
  const sentence = `${source} must have \`${ON_EVENT}\`: ${reasons}`;
  return compiled.onlyEntryFaults ? sentence : `${compiled.text.trimEnd()}\n${sentence}`;
}
