/** The only importer of jco: components from core modules, and core modules from components. */
import { readFile } from 'node:fs/promises';

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
  const { generate } = await import('@bytecodealliance/jco/component');
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

/** How strings cross the boundary of a component. */
export type StringEncoding = 'utf8' | 'utf16';

/** What compilers for WASI import from before there were components. */
const PREVIEW_1 = 'wasi_snapshot_preview1';

/**
 * Wraps a core module as a component of a world. What it asks of WASI's
 * preview 1 is translated by jco's adapter, which becomes part of it.
 * @throws whatever jco's tools throw when the module does not fit.
 */
export async function wrapAsComponent(
  core: Uint8Array,
  witSource: string,
  world: string,
  stringEncoding: StringEncoding = 'utf16',
): Promise<Uint8Array> {
  // Loaded when first needed: it costs 0.1 s, and running components does without it.
  const { componentEmbed, componentNew, preview1AdapterReactorPath } = await import('@bytecodealliance/jco');
  const needsAdapter = Buffer.from(core.buffer, core.byteOffset, core.length).includes(PREVIEW_1);
  const adapters: [string, Uint8Array][] = needsAdapter
    ? [[PREVIEW_1, await readFile(preview1AdapterReactorPath())]]
    : [];
  const embedded = await componentEmbed({ binary: core, witSource, world, stringEncoding });
  return componentNew(embedded, adapters);
}
