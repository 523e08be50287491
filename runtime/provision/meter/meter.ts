/**
 * The metering pass: module in, module out that does the same and counts.
 *
 * Added to the module: imports `sterna:meter` `slice` and `grow`, the counter
 * `sterna:fuel` (an exported mutable i32 global), helper functions behind the
 * module's own, and `sterna:start`, the start function as an export, for the
 * host to run once the counter is filled.
 */
import { ByteReader, ByteWriter } from '../wasm/bytes.js';
import { KIND, moduleInfo, UnsupportedWasm, type FunctionType, type ModuleInfo } from '../wasm/module-info.js';
import { renumberNames } from '../wasm/name-section.js';
import { exportEntry, renumberElements, renumberExports, renumberGlobals } from '../wasm/renumber.js';
import { EMPTY_BLOCK, I32, OP } from '../wasm/opcodes.js';
import {
  appendEntries,
  joinSections,
  SECTION,
  sectionBody,
  splitSections,
  withSection,
  type Section,
} from '../wasm/sections.js';
import { withBranchHints } from './branch-hints.js';
import { ADDED_LOCAL, emitBody, needsLocal, type EmitContext } from './emit.js';
import {
  FUEL_EXPORT,
  helperBody,
  helperType,
  IMPORTS,
  METER_MODULE,
  RESERVED_PREFIX,
  START_EXPORT,
  type Helper,
  type HelperContext,
} from './added-functions.js';
import { scanBody } from './scan.js';

/** V8's bound, parameters included: kV8MaxWasmFunctionLocals in wasm-limits.h. */
const MAX_LOCALS = 50_000;
/** V8's bound: kV8MaxWasmFunctionSize in wasm-limits.h. */
const MAX_FUNCTION_BYTES = 7_654_321;

export interface MeterOptions {
  /** Exceptions can be caught somewhere in the component. */
  readonly exceptions: boolean;
}

export interface Metered {
  readonly module: Uint8Array;
  /** It has handlers for exceptions: all modules of its component must be metered with `exceptions`. */
  readonly catches: boolean;
  /** Tables may change while it runs. */
  readonly writesTables: boolean;
  /** Segments may be dropped while it runs. */
  readonly dropsSegments: boolean;
}

/**
 * @param module a module that the engine has validated as it came.
 * @throws UnsupportedWasm naming what cannot be metered; MalformedWasm.
 */
export function meter(module: Uint8Array, options: MeterOptions): Metered {
  return new ModuleMeter(splitSections(module), options).run();
}

class ModuleMeter {
  #sections: Section[];
  readonly #info: ModuleInfo;
  readonly #options: MeterOptions;
  readonly #helpers = new Map<string, { helper: Helper; index: number }>();
  readonly #types: FunctionType[];
  readonly #fuelGlobal: number;
  /** By function, the offsets of branches that are hardly ever taken. */
  readonly #unlikely = new Map<number, number[]>();
  #catches = false;
  #writesTables = false;
  #dropsSegments = false;

  constructor(sections: Section[], options: MeterOptions) {
    this.#sections = sections;
    this.#info = moduleInfo(sections);
    this.#options = options;
    this.#types = [...this.#info.types];
    this.#fuelGlobal = this.#info.globals.length;
    refuseReservedNames(this.#info);
  }

  run(): Metered {
    this.#helper({ kind: 'slice' });
    const bodies = this.#rewriteFunctions();
    const helpers = this.#helperBodies();
    const context = this.#helperContext();
    const helperTypes = [...this.#helpers.values()].map(({ helper }) => this.#typeIndex(helperType(helper, context)));
    const importTypes = IMPORTS.map((entry) => this.#typeIndex(entry));

    const shift = (index: number): number => this.#shift(index);

    this.#replace(SECTION.import, (body) =>
      appendEntries(
        body,
        IMPORTS.map((entry, i) => importEntry(entry.name, importTypes[i] as number)),
      ),
    );
    this.#replace(SECTION.function, (body) => appendEntries(body, helperTypes.map(encodeU32)));
    this.#replace(SECTION.global, (body) => appendEntries(body && renumberGlobals(body, shift), [fuelGlobalEntry()]));
    this.#replace(SECTION.export, (body) => appendEntries(body && renumberExports(body, shift), this.#exportEntries()));
    this.#replace(SECTION.start, () => undefined);
    this.#replace(SECTION.element, (body) => body && renumberElements(body, shift));
    this.#replace(SECTION.code, () => appendEntries(bodies, helpers));
    this.#replace(SECTION.type, (body) =>
      appendEntries(body, this.#types.slice(this.#info.types.length).map(typeEntry)),
    );
    this.#sections = withBranchHints(renumberNames(this.#sections, shift), this.#unlikely);
    return {
      module: joinSections(this.#sections),
      catches: this.#catches,
      writesTables: this.#writesTables,
      dropsSegments: this.#dropsSegments,
    };
  }

  #replace(id: number, edit: (body: Uint8Array | undefined) => Uint8Array | undefined): void {
    this.#sections = withSection(this.#sections, id, edit(sectionBody(this.#sections, id)));
  }

  #shift(index: number): number {
    return index < this.#info.importedFunctions ? index : index + IMPORTS.length;
  }

  #helper(helper: Helper): number {
    const key = JSON.stringify(helper);
    const known = this.#helpers.get(key);
    if (known !== undefined) return known.index;
    const index = this.#info.functions.length + IMPORTS.length + this.#helpers.size;
    this.#helpers.set(key, { helper, index });
    return index;
  }

  #helperContext(): HelperContext {
    return {
      fuelGlobal: this.#fuelGlobal,
      sliceImport: this.#info.importedFunctions,
      growImport: this.#info.importedFunctions + 1,
      helper: (helper) => this.#helper(helper),
      tableElement: (table) => this.#info.tables[table]?.element ?? 0x70,
    };
  }

  /** Helpers may ask for further helpers: a Map's iteration reaches what is added on the way. */
  #helperBodies(): Uint8Array[] {
    const bodies: Uint8Array[] = [];
    for (const { helper } of this.#helpers.values()) bodies.push(withSize(helperBody(helper, this.#helperContext())));
    return bodies;
  }

  #typeIndex(type: { params: ArrayLike<number>; results: ArrayLike<number> }): number {
    const found = this.#types.findIndex(
      (known) => sameBytes(known.params, type.params) && sameBytes(known.results, type.results),
    );
    if (found >= 0) return found;
    return this.#types.push({ params: Uint8Array.from(type.params), results: Uint8Array.from(type.results) }) - 1;
  }

  /** A block type is one byte for at most one result, otherwise the index of a type. */
  #resultBlock(results: Uint8Array): number {
    if (results.length === 0) return EMPTY_BLOCK - 0x80;
    if (results.length === 1) return (results[0] as number) - 0x80;
    return this.#typeIndex({ params: [], results });
  }

  #rewriteFunctions(): Uint8Array {
    const reader = new ByteReader(sectionBody(this.#sections, SECTION.code) ?? new Uint8Array([0]));
    const out = new ByteWriter(reader.end + (reader.end >> 1) + 64);
    const scratch = new ByteWriter(4096);
    const count = reader.u32();
    let unlikely: number[] = [];
    const context: EmitContext = {
      fuelGlobal: this.#fuelGlobal,
      importedFunctions: this.#info.importedFunctions,
      functionShift: IMPORTS.length,
      helper: (helper) => this.#helper(helper),
      resultBlock: (results) => this.#resultBlock(results),
      unlikely: (offset) => unlikely.push(offset),
    };
    out.u32(count);
    for (let i = 0; i < count; i++) {
      const size = reader.u32();
      const end = reader.pos + size;
      scratch.clear();
      unlikely = [];
      const type = this.#info.types[this.#info.functions[this.#info.importedFunctions + i] as number] as FunctionType;
      this.#rewriteFunction(new ByteReader(reader.bytes, reader.pos, end), type, scratch, context);
      if (scratch.length > MAX_FUNCTION_BYTES) {
        throw new UnsupportedWasm(
          `function ${this.#info.importedFunctions + i}, which is larger than ${MAX_FUNCTION_BYTES} bytes when metered,`,
        );
      }
      if (unlikely.length > 0) this.#unlikely.set(this.#shift(this.#info.importedFunctions + i), unlikely);
      out.u32(scratch.length);
      out.raw(scratch.view());
      reader.pos = end;
    }
    return out.finish();
  }

  #rewriteFunction(reader: ByteReader, type: FunctionType, out: ByteWriter, context: EmitContext): void {
    const declarationsFrom = reader.pos;
    const groups = reader.u32();
    const groupsFrom = reader.pos;
    let locals = type.params.length;
    for (let i = 0; i < groups; i++) {
      locals += reader.u32();
      reader.u8();
    }
    const from = reader.pos;
    const scan = scanBody(reader, this.#options);
    this.#catches ||= scan.catches;
    this.#writesTables ||= scan.writesTables;
    this.#dropsSegments ||= scan.dropsSegments;
    if (needsLocal(scan)) {
      if (locals >= MAX_LOCALS)
        throw new UnsupportedWasm(
          `a function with ${locals} locals (metering needs one of the ${MAX_LOCALS} that the engine allows)`,
        );
      out.u32(groups + 1);
      out.copy(reader.bytes, groupsFrom, from);
      out.u32(ADDED_LOCAL.count);
      out.u8(ADDED_LOCAL.type);
    } else {
      out.copy(reader.bytes, declarationsFrom, from);
    }
    emitBody(
      out,
      { bytes: reader.bytes, from, to: reader.pos, freeLocal: locals, results: type.results },
      scan,
      context,
    );
  }

  #exportEntries(): Uint8Array[] {
    const entries = [exportEntry(FUEL_EXPORT, KIND.global, this.#fuelGlobal)];
    if (this.#info.start !== undefined)
      entries.push(exportEntry(START_EXPORT, KIND.function, this.#shift(this.#info.start)));
    return entries;
  }
}

function refuseReservedNames(info: ModuleInfo): void {
  for (const name of [...info.exports.map((entry) => entry.name), ...info.imports.map((entry) => entry.module)]) {
    if (name.startsWith(`${RESERVED_PREFIX}meter`) || name === FUEL_EXPORT || name === START_EXPORT) {
      throw new UnsupportedWasm(`the reserved name "${name}"`);
    }
  }
}

function sameBytes(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function encodeU32(value: number): Uint8Array {
  const out = new ByteWriter(5);
  out.u32(value);
  return out.finish();
}

function withSize(body: Uint8Array): Uint8Array {
  const out = new ByteWriter(body.length + 5);
  out.u32(body.length);
  out.raw(body);
  return out.finish();
}

function importEntry(name: string, type: number): Uint8Array {
  const out = new ByteWriter(64);
  out.name(METER_MODULE);
  out.name(name);
  out.u8(KIND.function);
  out.u32(type);
  return out.finish();
}

function typeEntry(type: FunctionType): Uint8Array {
  const out = new ByteWriter(type.params.length + type.results.length + 8);
  out.u8(0x60);
  out.u32(type.params.length);
  out.raw(type.params);
  out.u32(type.results.length);
  out.raw(type.results);
  return out.finish();
}

/** A mutable i32 that begins at 0: the host fills it before anything runs. */
function fuelGlobalEntry(): Uint8Array {
  return Uint8Array.of(I32, 1, OP.i32Const, 0, OP.end);
}
