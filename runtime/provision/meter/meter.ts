/**
 * The metering pass: module in, module out that does the same and counts.
 *
 * Added to the module: imports `sterna:meter` `slice`, `grow` and `deep`, the
 * counter `sterna:fuel` (an exported mutable i32 global), a global for how deep
 * calls may still nest, doors and subroutines behind the module's own, and
 * `sterna:start`, the start function as an export, for the host to run once the
 * counter is filled.
 */
import { ByteReader, ByteWriter } from '../wasm/bytes.js';
import { codeEntry, functionImport, functionType, i32Global, indexVector } from '../wasm/entries.js';
import { KIND, moduleInfo, UnsupportedWasm, type FunctionType, type ModuleInfo } from '../wasm/module-info.js';
import { renumberNames } from '../wasm/name-section.js';
import { EMPTY_BLOCK, I32 } from '../wasm/opcodes.js';
import {
  exportEntry,
  referencedFunctions,
  renumberElements,
  renumberExports,
  renumberGlobals,
} from '../wasm/renumber.js';
import {
  appendEntries,
  joinSections,
  SECTION,
  sectionBody,
  splitSections,
  withSection,
  type Section,
} from '../wasm/sections.js';
import {
  FUEL_EXPORT,
  subroutineBody,
  subroutineType,
  HOLD_IMPORT,
  IMPORTS,
  METER_MODULE,
  RESERVED_PREFIX,
  START_EXPORT,
} from './added-functions.js';
import type { Points } from '../suspend/points.js';
import type { SubroutineContext } from './assembler.js';
import { withBranchHints } from './branch-hints.js';
import { chooseConventions, reachableFromOutside, type Convention, type Conventions } from './conventions.js';
import { CALL_STACK_BYTES } from './costs.js';
import { doorBody } from './doors.js';
import { emitBody, isChargedOnce, type EmitContext } from './emit.js';
import type { Subroutine } from './subroutine.js';
import { localsOf, writeLocals } from './locals.js';
import { scanBody } from './scan.js';
import { survey, type Survey, type Surveyed } from './survey.js';
import { TypeTable } from './type-table.js';

type SubroutineImport = (typeof IMPORTS)[number] | typeof HOLD_IMPORT;

/** V8's bound: kV8MaxWasmFunctionSize in wasm-limits.h. */
const MAX_FUNCTION_BYTES = 7_654_321;

export interface MeterOptions {
  /** Exceptions can be caught somewhere in the component. */
  readonly exceptions: boolean;
  /** Where a run can be suspended; undefined for a module that is not prepared for it. */
  readonly points?: Points | undefined;
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
  /** What it imports of the host besides its own. */
  readonly #imports: readonly SubroutineImport[];
  readonly #info: ModuleInfo;
  readonly #options: MeterOptions;
  readonly #survey: Survey;
  readonly #conventions: Conventions;
  readonly #doors: ReadonlyMap<number, number>;
  readonly #subroutines = new Map<string, { subroutine: Subroutine; index: number }>();
  readonly #types: TypeTable;
  readonly #fuelGlobal: number;
  readonly #depthGlobal: number;
  /** By function, the offsets of branches that are hardly ever taken. */
  readonly #unlikely = new Map<number, number[]>();
  #writesTables = false;
  #dropsSegments = false;

  constructor(sections: Section[], options: MeterOptions) {
    this.#sections = sections;
    this.#info = moduleInfo(sections);
    this.#options = options;
    this.#imports = options.points === undefined ? IMPORTS : [...IMPORTS, HOLD_IMPORT];
    this.#types = new TypeTable(this.#info.types);
    this.#fuelGlobal = this.#info.globals.length;
    this.#depthGlobal = this.#fuelGlobal + 1;
    refuseReservedNames(this.#info);
    this.#survey = survey(sections);
    const reachable = reachableFromOutside(this.#info, referencedFunctions(sections));
    this.#conventions = chooseConventions(this.#info, this.#survey, reachable, options.exceptions);
    const firstDoor = this.#info.functions.length + this.#imports.length;
    this.#doors = new Map(this.#conventions.doors.map((target, i) => [target, firstDoor + i]));
  }

  run(): Metered {
    const bodies = this.#rewriteFunctions();
    const doors = this.#conventions.doors.map((target) => this.#door(target));
    const subroutines = this.#subroutineBodies();
    const importTypes = this.#imports.map((entry) => this.#types.indexOf(entry));

    const referenced = (index: number): number => this.#referenced(index);
    this.#replace(SECTION.import, (body) =>
      appendEntries(
        body,
        this.#imports.map(({ name }, i) => functionImport(METER_MODULE, name, importTypes[i] as number)),
      ),
    );
    this.#replace(SECTION.function, () => indexVector(this.#functionTypes()));
    this.#replace(SECTION.global, (body) =>
      appendEntries(body && renumberGlobals(body, referenced), [i32Global(0), i32Global(CALL_STACK_BYTES)]),
    );
    this.#replace(SECTION.export, (body) =>
      appendEntries(body && renumberExports(body, referenced), this.#exportEntries()),
    );
    this.#replace(SECTION.start, () => undefined);
    this.#replace(SECTION.element, (body) => body && renumberElements(body, referenced));
    this.#replace(SECTION.code, () => appendEntries(bodies, [...doors, ...subroutines]));
    this.#replace(SECTION.type, (body) => appendEntries(body, this.#types.added.map(functionType)));
    const named = renumberNames(this.#sections, {
      function: (index) => this.#called(index),
      local: (index, local) => this.#renamedLocal(index, local),
    });
    return {
      module: joinSections(withBranchHints(named, this.#unlikely)),
      catches: this.#survey.catches,
      writesTables: this.#writesTables,
      dropsSegments: this.#dropsSegments,
    };
  }

  #replace(id: number, edit: (body: Uint8Array | undefined) => Uint8Array | undefined): void {
    this.#sections = withSection(this.#sections, id, edit(sectionBody(this.#sections, id)));
  }

  /** Where a function is now. */
  #called(index: number): number {
    return index < this.#info.importedFunctions ? index : index + this.#imports.length;
  }

  /** What stands for a function where it is referred to from outside: its door if it has one. */
  #referenced(index: number): number {
    return this.#doors.get(index) ?? this.#called(index);
  }

  #convention(index: number): Convention {
    return this.#conventions.functions[index] as Convention;
  }

  #declaredType(index: number): FunctionType {
    return this.#types.get(this.#info.functions[index] as number);
  }

  /** The types of the module's own functions as they are now, then of doors and subroutines. */
  #functionTypes(): number[] {
    const { importedFunctions, functions } = this.#info;
    const own = functions.slice(importedFunctions).map((type, i) => {
      const { threaded, takesDepth } = this.#convention(importedFunctions + i);
      if (!threaded) return type;
      const { params, results } = this.#types.get(type);
      return this.#types.indexOf({
        params: [...params, I32, ...(takesDepth ? [I32] : [])],
        results: [...results, I32],
      });
    });
    const doors = this.#conventions.doors.map((target) => functions[target] as number);
    const context = this.#subroutineContext();
    const subroutines = [...this.#subroutines.values()].map(({ subroutine }) =>
      this.#types.indexOf(subroutineType(subroutine, context)),
    );
    return [...own, ...doors, ...subroutines];
  }

  #door(target: number): Uint8Array {
    const type = this.#declaredType(target);
    const body = doorBody({
      type,
      convention: this.#convention(target),
      target: this.#called(target),
      fuelGlobal: this.#fuelGlobal,
      depthGlobal: this.#depthGlobal,
      resultBlock: this.#resultBlock(type.results),
    });
    return codeEntry(body);
  }

  #subroutine(subroutine: Subroutine): number {
    const key = JSON.stringify(subroutine);
    const known = this.#subroutines.get(key);
    if (known !== undefined) return known.index;
    const index = this.#info.functions.length + this.#imports.length + this.#doors.size + this.#subroutines.size;
    this.#subroutines.set(key, { subroutine, index });
    return index;
  }

  #subroutineContext(): SubroutineContext {
    return {
      fuelGlobal: this.#fuelGlobal,
      sliceImport: this.#info.importedFunctions,
      growImport: this.#info.importedFunctions + 1,
      deepImport: this.#info.importedFunctions + 2,
      holdImport: this.#info.importedFunctions + 3,
      subroutine: (subroutine) => this.#subroutine(subroutine),
      tableElement: (table) => this.#info.tables[table]?.element ?? 0x70,
    };
  }

  /** Subroutines may ask for further subroutines: a Map's iteration reaches what is added on the way. */
  #subroutineBodies(): Uint8Array[] {
    const bodies: Uint8Array[] = [];
    for (const { subroutine } of this.#subroutines.values())
      bodies.push(codeEntry(subroutineBody(subroutine, this.#subroutineContext())));
    return bodies;
  }

  /** A block type is one byte for at most one result, otherwise the index of a type. */
  #resultBlock(results: Uint8Array): number {
    if (results.length === 0) return EMPTY_BLOCK - 0x80;
    if (results.length === 1) return (results[0] as number) - 0x80;
    return this.#types.indexOf({ params: [], results });
  }

  #rewriteFunctions(): Uint8Array {
    const code = sectionBody(this.#sections, SECTION.code) ?? new Uint8Array([0]);
    const out = new ByteWriter(code.length + (code.length >> 1) + 64);
    const scratch = new ByteWriter(4096);
    let unlikely: number[] = [];
    const { points } = this.#options;
    const context: EmitContext = {
      holdsInSimpleLoops: points === 'calls' || points === 'loops',
      holdsInLoops: points === 'calls',
      fuelGlobal: this.#fuelGlobal,
      depthGlobal: this.#depthGlobal,
      convention: (index) => this.#convention(index),
      called: (index) => this.#called(index),
      referenced: (index) => this.#referenced(index),
      subroutine: (subroutine) => this.#subroutine(subroutine),
      resultBlock: (results) => this.#resultBlock(results),
      rangeBlock: () => this.#types.indexOf({ params: [I32, I32, I32], results: [] }),
      unlikely: (offset) => unlikely.push(offset),
    };
    out.u32(this.#survey.functions.length);
    for (const [i, surveyed] of this.#survey.functions.entries()) {
      const index = this.#info.importedFunctions + i;
      scratch.clear();
      unlikely = [];
      this.#rewriteFunction(index, surveyed, code, scratch, context);
      if (scratch.length > MAX_FUNCTION_BYTES) {
        throw new UnsupportedWasm(`function ${index}, which is larger than ${MAX_FUNCTION_BYTES} bytes when metered,`);
      }
      if (unlikely.length > 0) this.#unlikely.set(this.#called(index), unlikely);
      out.u32(scratch.length);
      out.raw(scratch.view());
    }
    return out.finish();
  }

  #rewriteFunction(index: number, surveyed: Surveyed, code: Uint8Array, out: ByteWriter, context: EmitContext): void {
    const { params, results } = this.#declaredType(index);
    const convention = this.#convention(index);
    const locals = localsOf(params.length, surveyed.locals, convention);
    const reader = new ByteReader(code, surveyed.codeFrom, surveyed.to);
    const scan = scanBody(reader, {
      exceptions: this.#options.exceptions,
      renamedFrom: locals.renamedFrom,
      renamedTo: locals.renamedTo,
      checksOnEntry: (callee) => this.#convention(callee).checksOnEntry,
      hasParams: (type) => this.#types.get(type).params.length > 0,
    });
    this.#writesTables ||= scan.writesTables;
    this.#dropsSegments ||= scan.dropsSegments;
    const needsLocals = convention.threaded || !isChargedOnce(scan);
    writeLocals(out, surveyed.locals, needsLocals ? locals : undefined, scan.worksOnRanges);
    emitBody(
      out,
      {
        bytes: code,
        from: surveyed.codeFrom,
        to: surveyed.to,
        results,
        convention,
        fuelLocal: locals.fuel,
        depthLocal: locals.depth,
        sizeLocal: locals.size,
        renamed: (local) => locals.renamed(local),
      },
      scan,
      context,
    );
  }

  #renamedLocal(index: number, local: number): number {
    const surveyed = this.#survey.functions[index - this.#info.importedFunctions];
    if (surveyed === undefined) return local;
    const locals = localsOf(this.#declaredType(index).params.length, surveyed.locals, this.#convention(index));
    return locals.renamed(local);
  }

  #exportEntries(): Uint8Array[] {
    const entries = [exportEntry(FUEL_EXPORT, KIND.global, this.#fuelGlobal)];
    if (this.#info.start !== undefined)
      entries.push(exportEntry(START_EXPORT, KIND.function, this.#referenced(this.#info.start)));
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
