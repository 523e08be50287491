/**
 * The part of the WebAssembly JavaScript interface that Sterna uses. TypeScript
 * has it only in its library for browsers, and Node's types do not declare it.
 * https://webassembly.github.io/spec/js-api/
 */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
    static imports(module: Module): { module: string; name: string; kind: string }[];
    static exports(module: Module): { name: string; kind: string }[];
    static customSections(module: Module, name: string): ArrayBuffer[];
  }
  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Exports;
  }
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class Table {
    readonly length: number;
    get(index: number): unknown;
    set(index: number, value: unknown): void;
    grow(count: number): number;
  }
  class Global<Value = unknown> {
    constructor(descriptor: { value: string; mutable?: boolean }, value?: Value);
    value: Value;
  }
  class RuntimeError extends Error {}
  class CompileError extends Error {}
  class LinkError extends Error {}
  class Exception extends Error {}
  type Extern = ((...args: never[]) => unknown) | Memory | Table | Global;
  type Exports = Readonly<Record<string, Extern>>;
  type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  function validate(bytes: Uint8Array): boolean;
  function compile(bytes: Uint8Array): Promise<Module>;
}
