/**
 * What keeps a component from being suspended and resumed: state that a
 * checkpoint cannot hold, and frames that Asyncify does not put away right.
 * It does not tell of all of them itself: some it would get wrong in silence.
 */
import { ByteReader } from '../wasm/bytes.js';
import { skipImmediates } from '../wasm/instructions.js';
import { KIND, moduleInfo, UnsupportedWasm, type ModuleInfo } from '../wasm/module-info.js';
import { BULK, OP } from '../wasm/opcodes.js';
import { SECTION, sectionBody, splitSections, type Section } from '../wasm/sections.js';
import type { LinkPlan } from '../link-plan.js';
import { SUSPENDED_MODULE_BYTES } from './limits.js';
import { STACK_MODULE } from './unwind-stack.js';

/** Where the run is when it is suspended: the module that handles events, and how it is called there. */
export interface Suspendable {
  /** The module's file name. */
  readonly module: string;
  /** The index of its step in the plan. */
  readonly core: number;
}

/** A module of the component, and whether it is the one whose frames are put away. */
interface Looked {
  readonly name: string;
  readonly sections: readonly Section[];
  readonly info: ModuleInfo;
  readonly unwinds: boolean;
}

/** The module of which runs are suspended: that of the handler. */
export function suspendableOf(link: LinkPlan): Suspendable {
  const { core } = link.handler.call;
  const step = link.steps[core];
  if (step === undefined) throw new Error('the plan has no step for the handler');
  return { module: step.module, core };
}

/**
 * Why runs of a component cannot be suspended; empty if they can, as far as its code tells.
 * @param modules as they came, by file name; valid.
 */
export function suspendFaults(link: LinkPlan, modules: ReadonlyMap<string, Uint8Array>): string[] {
  const suspendable = suspendableOf(link);
  const faults = linkFaults(link, suspendable, modules);
  for (const [name, bytes] of modules) {
    if (name === suspendable.module && bytes.length > SUSPENDED_MODULE_BYTES) {
      const most = `at most ${SUSPENDED_MODULE_BYTES} can be rewritten in the memory and time that a hub has for it`;
      faults.push(`${name}, which handles events, has ${bytes.length} bytes: ${most}`);
      continue;
    }
    faults.push(...moduleFaults(name, bytes, name === suspendable.module).map((fault) => `${name} ${fault}`));
  }
  return faults;
}

/**
 * Functions of one table may be any module's: a call through it could put frames of two modules on the stack, of which
 * Asyncify unwinds one. Calls between modules by name are seen when they happen.
 */
function linkFaults(
  { steps }: LinkPlan,
  { module, core }: Suspendable,
  modules: ReadonlyMap<string, Uint8Array>,
): string[] {
  const faults: string[] = [];
  if (steps.filter((step) => step.module === module).length > 1) {
    faults.push(`${module}, which handles events, is instantiated more than once`);
  }
  for (const [index, step] of steps.entries()) {
    const tables = tableImports(modules.get(step.module));
    for (const { source, module: from, name } of step.imports) {
      if (source.from !== 'export' || (index !== core && source.ref.core !== core)) continue;
      if (tables.has(`${from} ${name}`)) faults.push(`${module} shares its table "${name}" with another module`);
    }
  }
  return faults;
}

/** The tables that a module imports, by where from, whatever they are called. */
function tableImports(module: Uint8Array | undefined): ReadonlySet<string> {
  if (module === undefined) return new Set();
  try {
    const { imports } = moduleInfo(splitSections(module));
    return new Set(imports.flatMap(({ module, name, kind }) => (kind === KIND.table ? `${module} ${name}` : [])));
  } catch (error) {
    // What it has instead is told of the module.
    if (error instanceof UnsupportedWasm) return new Set();
    throw error;
  }
}

/** What is in the way in one module. @param unwinds whether it is the one that handles events. */
export function moduleFaults(name: string, module: Uint8Array, unwinds: boolean): string[] {
  const sections = splitSections(module);
  const faults = new Set<string>();
  try {
    const info = moduleInfo(sections);
    const looked: Looked = { name, sections, info, unwinds };
    for (const fault of [...entityFaults(looked), ...codeFaults(looked)]) faults.add(fault);
  } catch (error) {
    if (!(error instanceof UnsupportedWasm)) throw error;
    faults.add(`has ${error.message}`);
  }
  return [...faults];
}

const REFERENCES: ReadonlySet<number> = new Set([0x70, 0x6f]);

function* entityFaults({ info, unwinds }: Looked): Generator<string> {
  for (const [index, { type, mutable, imported }] of info.globals.entries()) {
    if (mutable && !imported && REFERENCES.has(type)) {
      yield `keeps a reference in global ${index}, which a checkpoint cannot hold`;
    }
  }
  if (!unwinds) return;
  for (const { name, kind } of info.exports) {
    if (kind === KIND.function && name.startsWith('asyncify_')) {
      yield `exports "${name}": it was made to be suspended by somebody else already`;
    }
  }
  if (info.imports.some(({ module }) => module === STACK_MODULE)) yield `uses the reserved name "${STACK_MODULE}"`;
  for (const [index, type] of info.functions.entries()) {
    const { params, results } = info.types[type] ?? { params: [], results: [] };
    if ([...params, ...results].some((each) => REFERENCES.has(each))) {
      yield `hands references to or from function ${index}: what is in a frame must be a number to be put away`;
    }
  }
}

function* codeFaults({ sections, info, unwinds }: Looked): Generator<string> {
  const reader = new ByteReader(sectionBody(sections, SECTION.code) ?? new Uint8Array([0]));
  let index = info.importedFunctions;
  for (let count = reader.u32(); count > 0; count--, index++) {
    const to = reader.u32() + reader.pos;
    for (let groups = reader.u32(); groups > 0; groups--) {
      reader.skipLeb();
      if (REFERENCES.has(reader.u8()) && unwinds) {
        yield `has references in locals of function ${index}: what is in a frame must be a number to be put away`;
      }
    }
    while (reader.pos < to) {
      const opcode = reader.u8();
      const fault = opcode === OP.bulk ? bulkFault(reader) : instructionFault(opcode, { reader, info, unwinds });
      if (fault !== undefined) yield `${fault} (in function ${index})`;
      if (opcode !== OP.bulk) skipImmediates(reader, opcode);
    }
  }
}

const REF_NULL = 0xd0;

/** An instruction, at whose immediates the reader is. */
interface Instruction {
  readonly reader: ByteReader;
  readonly info: ModuleInfo;
  readonly unwinds: boolean;
}

function instructionFault(opcode: number, { reader, info, unwinds }: Instruction): string | undefined {
  if (opcode === OP.tableSet) return TABLE_WRITTEN;
  if (!unwinds) return undefined;
  switch (opcode) {
    case OP.returnCall:
    case OP.returnCallIndirect:
      return 'has tail calls, whose frames cannot be put away';
    case OP.try:
    case OP.throw:
    case OP.rethrow:
      return 'has exceptions: a handler that runs cannot be put away';
    case OP.tableGet:
    case OP.refFunc:
    case REF_NULL:
      return WITH_REFERENCES;
    case OP.globalGet:
      return REFERENCES.has(globalType(reader, info)) ? WITH_REFERENCES : undefined;
    default:
      return undefined;
  }
}

/** @returns 0 for a global that is not there, which was refused before. */
function globalType(reader: ByteReader, { globals }: ModuleInfo): number {
  const from = reader.pos;
  const index = reader.u32();
  reader.pos = from;
  return globals[index]?.type ?? 0;
}

const WITH_REFERENCES = 'computes with references: what is in a frame must be a number to be put away';
const TABLE_WRITTEN = 'writes to a table while it runs, which a checkpoint cannot hold';

function bulkFault(reader: ByteReader): string | undefined {
  const from = reader.pos;
  const opcode = reader.u32();
  reader.pos = from;
  skipImmediates(reader, OP.bulk);
  switch (opcode) {
    case BULK.tableInit:
    case BULK.tableCopy:
    case BULK.tableGrow:
    case BULK.tableFill:
      return TABLE_WRITTEN;
    case BULK.dataDrop:
    case BULK.elemDrop:
      return 'drops segments while it runs, which a checkpoint does not tell';
    default:
      return undefined;
  }
}
