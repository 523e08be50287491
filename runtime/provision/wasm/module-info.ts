/** What the passes need to know of a module: its index spaces and what its entries are. */
import { ByteReader, MalformedWasm } from './bytes.js';
import { SECTION, sectionBody, type Section } from './sections.js';

export interface FunctionType {
  /** Value types as encoded, one byte each. */
  readonly params: Uint8Array;
  readonly results: Uint8Array;
}

interface TableType {
  /** Reference type as encoded: 0x70 funcref, 0x6f externref. */
  readonly element: number;
  readonly min: number;
  readonly max: number | undefined;
  readonly imported: boolean;
}

interface MemoryType {
  /** In pages of 64 KiB. */
  readonly min: number;
  readonly max: number | undefined;
  readonly imported: boolean;
}

interface GlobalType {
  readonly type: number;
  readonly mutable: boolean;
  readonly imported: boolean;
}

export interface ModuleInfo {
  readonly types: readonly FunctionType[];
  /** The type of each function, imported ones first. */
  readonly functions: readonly number[];
  readonly importedFunctions: number;
  readonly imports: readonly { readonly module: string; readonly name: string; readonly kind: number }[];
  readonly tables: readonly TableType[];
  readonly memories: readonly MemoryType[];
  readonly globals: readonly GlobalType[];
  readonly exports: readonly { readonly name: string; readonly kind: number; readonly index: number }[];
  readonly start: number | undefined;
}

export const KIND = { function: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;

/** What a feature is called in messages to people. */
export class UnsupportedWasm extends Error {
  override readonly name = 'UnsupportedWasm';
}

const FUNC_FORM = 0x60;
const VALUE_TYPES: ReadonlySet<number> = new Set([0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f]);

/** @throws MalformedWasm, UnsupportedWasm naming the feature. */
export function moduleInfo(sections: readonly Section[]): ModuleInfo {
  const info = {
    types: [] as FunctionType[],
    functions: [] as number[],
    importedFunctions: 0,
    imports: [] as { module: string; name: string; kind: number }[],
    tables: [] as TableType[],
    memories: [] as MemoryType[],
    globals: [] as GlobalType[],
    exports: [] as { name: string; kind: number; index: number }[],
    start: undefined as number | undefined,
  };
  forEach(sections, SECTION.type, (reader) => info.types.push(readFunctionType(reader)));
  forEach(sections, SECTION.import, (reader) => {
    const entry = { module: reader.name(), name: reader.name(), kind: reader.u8() };
    info.imports.push(entry);
    if (entry.kind === KIND.function) info.functions.push(reader.u32());
    else if (entry.kind === KIND.table) info.tables.push(readTable(reader, true));
    else if (entry.kind === KIND.memory) info.memories.push(readMemory(reader, true));
    else if (entry.kind === KIND.global) info.globals.push(readGlobalType(reader, true));
    else if (entry.kind === KIND.tag) {
      reader.u8();
      reader.u32();
    } else throw new UnsupportedWasm(`an import of kind ${entry.kind}`);
  });
  info.importedFunctions = info.functions.length;
  forEach(sections, SECTION.function, (reader) => info.functions.push(reader.u32()));
  forEach(sections, SECTION.table, (reader) => info.tables.push(readTable(reader, false)));
  forEach(sections, SECTION.memory, (reader) => info.memories.push(readMemory(reader, false)));
  forEach(sections, SECTION.global, (reader) => {
    info.globals.push(readGlobalType(reader, false));
    skipInitExpression(reader);
  });
  forEach(sections, SECTION.export, (reader) => {
    info.exports.push({ name: reader.name(), kind: reader.u8(), index: reader.u32() });
  });
  const start = sectionBody(sections, SECTION.start);
  if (start !== undefined) info.start = new ByteReader(start).u32();
  return info;
}

function forEach(sections: readonly Section[], id: number, read: (reader: ByteReader) => void): void {
  const body = sectionBody(sections, id);
  if (body === undefined) return;
  const reader = new ByteReader(body);
  for (let count = reader.u32(); count > 0; count--) read(reader);
}

function readFunctionType(reader: ByteReader): FunctionType {
  const form = reader.u8();
  if (form !== FUNC_FORM) throw new UnsupportedWasm(`garbage-collected types (type form 0x${form.toString(16)})`);
  return { params: readValueTypes(reader), results: readValueTypes(reader) };
}

function readValueTypes(reader: ByteReader): Uint8Array {
  const types = reader.take(reader.u32());
  for (const type of types) {
    if (!VALUE_TYPES.has(type)) throw new UnsupportedWasm(`the value type 0x${type.toString(16)}`);
  }
  return types;
}

function readTable(reader: ByteReader, imported: boolean): TableType {
  const element = reader.u8();
  if (element !== 0x70 && element !== 0x6f) throw new UnsupportedWasm(`a table of type 0x${element.toString(16)}`);
  return { element, ...readLimits(reader, 'table'), imported };
}

function readMemory(reader: ByteReader, imported: boolean): MemoryType {
  return { ...readLimits(reader, 'memory'), imported };
}

function readLimits(reader: ByteReader, what: string): { min: number; max: number | undefined } {
  const flags = reader.u8();
  if ((flags & 2) !== 0) throw new UnsupportedWasm(`a shared ${what} (threads)`);
  if ((flags & 4) !== 0) throw new UnsupportedWasm(`a 64-bit ${what}`);
  if (flags > 1) throw new UnsupportedWasm(`a ${what} with limit flags 0x${flags.toString(16)}`);
  const min = reader.u32();
  return { min, max: flags === 1 ? reader.u32() : undefined };
}

function readGlobalType(reader: ByteReader, imported: boolean): GlobalType {
  const type = reader.u8();
  if (!VALUE_TYPES.has(type)) throw new UnsupportedWasm(`a global of type 0x${type.toString(16)}`);
  return { type, mutable: reader.u8() === 1, imported };
}

/** Passes over a constant expression, with its `end`. */
export function skipInitExpression(reader: ByteReader): void {
  for (;;) {
    const opcode = reader.u8();
    switch (opcode) {
      case 0x0b: // end
        return;
      case 0x41: // i32.const
      case 0x42: // i64.const
      case 0x23: // global.get
      case 0xd0: // ref.null
      case 0xd2: // ref.func
        reader.skipLeb();
        break;
      case 0x43: // f32.const
        reader.skip(4);
        break;
      case 0x44: // f64.const
        reader.skip(8);
        break;
      case 0x6a: // i32.add, sub, mul: extended constant expressions
      case 0x6b:
      case 0x6c:
      case 0x7c: // i64.add, sub, mul
      case 0x7d:
      case 0x7e:
        break;
      case 0xfd: // v128.const
        if (reader.u32() !== 12) throw new MalformedWasm('an instruction that is not constant in an initialiser');
        reader.skip(16);
        break;
      default:
        throw new UnsupportedWasm(`the instruction 0x${opcode.toString(16)} in an initialiser`);
    }
  }
}
