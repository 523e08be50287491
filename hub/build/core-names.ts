/** What a core module imports and exports, by name. */

export interface CoreImport {
  readonly module: string;
  readonly name: string;
}

export interface CoreNames {
  readonly imports: readonly CoreImport[];
  readonly exports: readonly string[];
}

/** @throws CompileError when the bytes are no valid module. */
export function coreNames(core: Uint8Array): CoreNames {
  const module = new WebAssembly.Module(core);
  return {
    imports: WebAssembly.Module.imports(module).map(({ module: from, name }) => ({ module: from, name })),
    exports: WebAssembly.Module.exports(module).map(({ name }) => name),
  };
}
