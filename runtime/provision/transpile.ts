/** The only importer of jco's transpiler: a component to core modules and the JavaScript between them. */
import { generate } from '@bytecodealliance/jco/component';

export interface Transpiled {
  /** Core modules by the name under which the JavaScript asks for them. */
  readonly modules: ReadonlyMap<string, Uint8Array>;
  /** An ES module that exports `instantiate(getCoreModule, imports, instantiateCore)`. */
  readonly javascript: string;
  /** Names of exports, with their kinds. */
  readonly exports: readonly (readonly [string, string])[];
}

const NAME = 'task';

export async function transpile(component: Uint8Array): Promise<Transpiled> {
  const { files, exports } = await generate(component, {
    name: NAME,
    noTypescript: true,
    instantiation: { tag: 'sync' },
    map: [],
    noNodejsCompat: true,
    base64Cutoff: 0,
    tlaCompat: false,
    noNamespacedExports: true,
  });
  const modules = new Map<string, Uint8Array>();
  let javascript: string | undefined;
  for (const [name, bytes] of files) {
    if (name.endsWith('.wasm')) modules.set(name, bytes);
    else if (name === `${NAME}.js`) javascript = new TextDecoder().decode(bytes);
  }
  if (javascript === undefined) throw new Error('the transpiler wrote no JavaScript');
  return { modules, javascript, exports };
}
