/**
 * The exposing pass: what a reset must reach, exported, and functions that put
 * it back. Added to a module, behind its own:
 *
 *   sterna:memory/<i>   each memory that the module defines, counted from 0
 *   sterna:clear/<i>    zeroes a range of that memory where it is not zero
 *   sterna:table/<i>    each table that it defines
 *   sterna:save         keeps copies of its mutable globals, and of its tables if asked
 *   sterna:restore      puts them back
 *   sterna:read/<i>     the i-th 64 bits of its mutable globals, if asked
 *   sterna:write/<i>    sets them
 *
 * Copies are globals and tables of the module itself, so that values which
 * JavaScript cannot read (vectors) or should not hold (references to functions
 * that nobody else sees) are kept like the others. The module's own code cannot
 * name them: it was validated before they were there.
 */
import { clearBody, clearType, restoreBody, saveBody, shadowTableEntry, type Shadows } from './restore-code.js';
import { globalWords, I64, readBody, writeBody } from './suspend/global-words.js';
import { ByteWriter } from './wasm/bytes.js';
import { KIND, moduleInfo, UnsupportedWasm, type ModuleInfo } from './wasm/module-info.js';
import { exportEntry } from './wasm/renumber.js';
import { appendEntries, joinSections, SECTION, sectionBody, splitSections, withSection } from './wasm/sections.js';

/** Names of what is added; those that end in / are followed by an index. */
export const EXPOSED = {
  memory: 'sterna:memory/',
  table: 'sterna:table/',
  clear: 'sterna:clear/',
  save: 'sterna:save',
  restore: 'sterna:restore',
  read: 'sterna:read/',
  write: 'sterna:write/',
} as const;

/** V8's bound: kV8MaxWasmGlobals in wasm-limits.h. */
const MAX_GLOBALS = 1_000_000;

export interface ExposeOptions {
  /** Some module of the component may change tables: they are kept as well. */
  readonly tables: boolean;
  /** The host reads and writes globals, bit by bit, to move a run. */
  readonly globals?: boolean;
}

/** @throws UnsupportedWasm naming what is in the way. */
export function expose(module: Uint8Array, options: ExposeOptions): Uint8Array {
  let sections = splitSections(module);
  const info = moduleInfo(sections);
  refuseReservedNames(info);
  const shadows = shadowsOf(info, options);
  const exports: Uint8Array[] = [];
  for (const [i, index] of defined(info.memories).entries()) {
    exports.push(exportEntry(`${EXPOSED.memory}${i}`, KIND.memory, index));
  }
  for (const [i, index] of defined(info.tables).entries()) {
    exports.push(exportEntry(`${EXPOSED.table}${i}`, KIND.table, index));
  }

  const functions: { name: string; type: readonly number[]; results?: readonly number[]; body: Uint8Array }[] = [];
  if (shadows.globals.length > 0 || shadows.tables.length > 0) {
    functions.push(
      { name: EXPOSED.save, type: [], body: saveBody(shadows) },
      { name: EXPOSED.restore, type: [], body: restoreBody(shadows) },
    );
  }
  for (const [i, index] of defined(info.memories).entries()) {
    functions.push({ name: `${EXPOSED.clear}${i}`, type: clearType, body: clearBody(index) });
  }
  if (options.globals === true) {
    for (const [i, word] of globalWords(info).entries()) {
      functions.push(
        { name: `${EXPOSED.read}${i}`, type: [], results: [I64], body: readBody(word) },
        { name: `${EXPOSED.write}${i}`, type: [I64], body: writeBody(word) },
      );
    }
  }
  const types = new AddedTypes(info.types.length);
  const typeOf = functions.map(({ type, results }) => types.index(type, results));
  for (const [i, { name }] of functions.entries()) {
    exports.push(exportEntry(name, KIND.function, info.functions.length + i));
  }

  const append = (id: number, entries: readonly Uint8Array[]): void => {
    if (entries.length === 0) return;
    sections = withSection(sections, id, appendEntries(sectionBody(sections, id), entries));
  };
  append(SECTION.type, types.entries);
  append(SECTION.function, typeOf.map(u32));
  append(SECTION.table, shadows.tables.map(shadowTableEntry));
  append(SECTION.global, shadows.globals.map(shadowGlobalEntry));
  append(SECTION.export, exports);
  append(
    SECTION.code,
    functions.map(({ body }) => sized(body)),
  );
  return joinSections(sections);
}

function refuseReservedNames(info: ModuleInfo): void {
  for (const { name } of info.exports) {
    if (Object.values(EXPOSED).some((reserved) => name.startsWith(reserved))) {
      throw new UnsupportedWasm(`the reserved name "${name}"`);
    }
  }
}

function shadowsOf(info: ModuleInfo, { tables }: ExposeOptions): Shadows {
  const globals: Shadows['globals'][number][] = [];
  const tableShadows: Shadows['tables'][number][] = [];
  for (const [index, { mutable, imported, type }] of info.globals.entries()) {
    if (!mutable || imported) continue;
    globals.push({ index, type, shadow: info.globals.length + globals.length });
  }
  if (info.globals.length + globals.length > MAX_GLOBALS) {
    throw new UnsupportedWasm(`${globals.length} mutable globals (each is kept twice, and ${MAX_GLOBALS} are allowed)`);
  }
  for (const index of tables ? defined(info.tables) : []) {
    const { element } = info.tables[index] as ModuleInfo['tables'][number];
    tableShadows.push({ index, element, shadow: info.tables.length + tableShadows.length });
  }
  return { globals, tables: tableShadows };
}

/** Indices of what is not imported. */
function defined(entries: readonly { readonly imported: boolean }[]): number[] {
  return [...entries.keys()].filter((index) => entries[index]?.imported === false);
}

/** Function types behind those that a module has. */
class AddedTypes {
  readonly #first: number;
  readonly #known = new Map<string, number>();
  readonly entries: Uint8Array[] = [];

  constructor(first: number) {
    this.#first = first;
  }

  index(params: readonly number[], results: readonly number[] = []): number {
    const name = `${params.join(' ')}:${results.join(' ')}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const index =
      this.#first + this.entries.push(Uint8Array.of(0x60, params.length, ...params, results.length, ...results)) - 1;
    this.#known.set(name, index);
    return index;
  }
}

/** Its first value does not matter: it is saved to before it is read. */
function shadowGlobalEntry({ type }: Shadows['globals'][number]): Uint8Array {
  return Uint8Array.of(type, 1, ...zeroOf(type), 0x0b);
}

/** The constant expression for a type's zero, without its `end`. */
function zeroOf(type: number): readonly number[] {
  switch (type) {
    case 0x7f: // i32.const 0
      return [0x41, 0];
    case 0x7e: // i64.const 0
      return [0x42, 0];
    case 0x7d: // f32.const 0
      return [0x43, 0, 0, 0, 0];
    case 0x7c: // f64.const 0
      return [0x44, 0, 0, 0, 0, 0, 0, 0, 0];
    case 0x7b: // v128.const 0
      return [0xfd, 12, ...new Uint8Array(16)];
    default: // ref.null of funcref or externref
      return [0xd0, type];
  }
}

function u32(value: number): Uint8Array {
  const out = new ByteWriter(5);
  out.u32(value);
  return out.finish();
}

function sized(body: Uint8Array): Uint8Array {
  const out = new ByteWriter(body.length + 5);
  out.u32(body.length);
  out.raw(body);
  return out.finish();
}
