/** A folder with an index.wasm, a core module of any compiler -> a component of the world `task`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { componentFromCore, functionsImportedBy, RuntimeError } from '../../runtime/index.js';
import { coreNames } from './core-names.js';
import type { Made } from './made.js';
import { CORE_MODULE } from './source-files.js';

/** Strings are UTF-8, as in C, Rust, Zig and Go. @param shown the folder as messages name it. */
export async function makeFromCore(dir: string, shown: string): Promise<Made> {
  const name = join(shown, CORE_MODULE);
  const core = await readFile(join(dir, CORE_MODULE));
  if (!WebAssembly.validate(core)) {
    return { ok: false, message: `${name} is not a core module that this Node can run: a component needs no building` };
  }
  try {
    const component = await componentFromCore(core, 'task', 'utf8');
    const imports = functionsImportedBy(component).flatMap(([module, names]) =>
      names.map((fn) => ({ module, name: fn })),
    );
    return { ok: true, component, names: { imports, exports: coreNames(core).exports }, warnings: '' };
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'component-invalid')
      return { ok: false, message: `${name}: ${error.message}` };
    throw error;
  }
}
