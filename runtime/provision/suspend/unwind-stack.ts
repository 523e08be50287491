/**
 * Where frames go when a run is suspended: a memory of its own, which belongs
 * to none of the guest's modules. Asyncify would have it in the guest's memory,
 * where it is seen, has to be made room for, and overwrites the guest's data
 * when it overflows. Here an overflow is a trap, and the guest finds its memory
 * as it left it. Node 20 knows one memory a module, so that a function of
 * another module stands for each load and store: they happen only while frames
 * are put away or brought back.
 */
import { ByteReader, ByteWriter } from '../wasm/bytes.js';
import { codeEntry, functionType, indexVector } from '../wasm/entries.js';
import { skipImmediates } from '../wasm/instructions.js';
import { KIND, moduleInfo } from '../wasm/module-info.js';
import { immediates, IMMEDIATE, OP } from '../wasm/opcodes.js';
import { exportEntry } from '../wasm/renumber.js';
import { appendEntries, joinSections, SECTION, sectionBody, splitSections, withSection } from '../wasm/sections.js';
import { UNWIND_STACK_PAGES } from './limits.js';

/** The module that a suspendable module imports its stack's functions from. */
export const STACK_MODULE = 'sterna:stack';
/** The name under which the stack itself exports its memory. */
export const STACK_MEMORY = 'memory';

const I32 = 0x7f;
const VECTOR = 0xfd;

interface Access {
  /** The function's name, which is the instruction's. */
  readonly name: string;
  readonly code: readonly number[];
  readonly type: number;
  readonly stores: boolean;
}

const access = (name: string, type: number, stores: boolean, ...code: number[]): Access => {
  return { name, code, type, stores };
};

/** What Asyncify does with its stack: it saves and restores locals, whole. */
export const ACCESSES: readonly Access[] = [
  access('i32.load', I32, false, 0x28),
  access('i64.load', 0x7e, false, 0x29),
  access('f32.load', 0x7d, false, 0x2a),
  access('f64.load', 0x7c, false, 0x2b),
  access('v128.load', 0x7b, false, VECTOR, 0),
  access('i32.store', I32, true, 0x36),
  access('i64.store', 0x7e, true, 0x37),
  access('f32.store', 0x7d, true, 0x38),
  access('f64.store', 0x7c, true, 0x39),
  access('v128.store', 0x7b, true, VECTOR, 11),
];

/** The parameters of a function that stands for an access: address, value if it stores, offset. */
export function accessType({ type, stores }: Access): { readonly params: number[]; readonly results: number[] } {
  return stores ? { params: [I32, type, I32], results: [] } : { params: [I32, I32], results: [type] };
}

/** In the alignment of a memory argument: the memory is named. */
const NAMES_MEMORY = 0x40;

/**
 * Replaces each access to the last memory of a module by a call, and removes that memory.
 * @param functions The index of the function for each of `ACCESSES`.
 */
export function lowerStack(module: Uint8Array, functions: readonly number[]): Uint8Array {
  let sections = splitSections(module);
  const stack = moduleInfo(sections).memories.length - 1;
  const code = sectionBody(sections, SECTION.code);
  if (code === undefined) return module;
  sections = withSection(sections, SECTION.code, lowerCode(code, stack, functions));
  sections = withSection(sections, SECTION.memory, withoutLastMemory(sections));
  return joinSections(sections);
}

function withoutLastMemory(sections: ReturnType<typeof splitSections>): Uint8Array | undefined {
  const reader = new ByteReader(sectionBody(sections, SECTION.memory) ?? new Uint8Array([0]));
  const count = reader.u32();
  if (count <= 1) return undefined;
  const from = reader.pos;
  for (let i = 1; i < count; i++) {
    const bounded = (reader.u8() & 1) === 1;
    reader.skipLeb();
    if (bounded) reader.skipLeb();
  }
  const out = new ByteWriter(reader.pos);
  out.u32(count - 1);
  out.copy(reader.bytes, from, reader.pos);
  return out.finish();
}

function lowerCode(code: Uint8Array, stack: number, functions: readonly number[]): Uint8Array {
  const reader = new ByteReader(code);
  const out = new ByteWriter(code.length * 2);
  const body = new ByteWriter(4096);
  const count = reader.u32();
  out.u32(count);
  for (let i = 0; i < count; i++) {
    const to = reader.u32() + reader.pos;
    body.clear();
    let copied = reader.pos;
    for (let groups = reader.u32(); groups > 0; groups--) {
      reader.skipLeb();
      reader.u8();
    }
    while (reader.pos < to) {
      const from = reader.pos;
      const found = stackAccess(reader, stack);
      if (found === undefined) continue;
      body.copy(code, copied, from);
      body.u8(OP.i32Const);
      body.s32(found.offset);
      body.u8(OP.call);
      body.u32(functions[found.access] as number);
      copied = reader.pos;
    }
    body.copy(code, copied, to);
    out.u32(body.length);
    out.raw(body.view());
  }
  return out.finish();
}

/** Passes over an instruction. @returns what it does with the stack, or undefined. */
function stackAccess(reader: ByteReader, stack: number): { access: number; offset: number } | undefined {
  const opcode = reader.u8();
  const operands = reader.pos;
  let vector: number | undefined;
  if (opcode === VECTOR) {
    vector = reader.u32();
    if (vector > 11) {
      reader.pos = operands;
      skipImmediates(reader, opcode);
      return undefined;
    }
  } else if (immediates[opcode] !== IMMEDIATE.memory) {
    skipImmediates(reader, opcode);
    return undefined;
  }
  const named = (reader.u32() & NAMES_MEMORY) !== 0;
  const memory = named ? reader.u32() : 0;
  const offset = reader.u32();
  if (memory !== stack) return undefined;
  const found = ACCESSES.findIndex(({ code }) => code[0] === opcode && code[1] === vector);
  if (found < 0) throw new Error(`Asyncify uses its stack by the instruction 0x${opcode.toString(16)}`);
  return { access: found, offset };
}

/**
 * The module that the stack is: one memory, and a function for each access. One instance serves a thread.
 * @param pages of its memory, which has no more.
 */
export function stackModule(pages: number = UNWIND_STACK_PAGES): Uint8Array {
  const body = ({ code, stores }: Access): Uint8Array => {
    const out = new ByteWriter(32);
    out.u32(0);
    const op = (opcode: number, operand: number): void => {
      out.u8(opcode);
      out.u32(operand);
    };
    op(OP.localGet, 0);
    op(OP.localGet, stores ? 2 : 1);
    out.u8(OP.i32Add);
    if (stores) op(OP.localGet, 1);
    for (const byte of code) out.u8(byte);
    out.u8(0); // aligned to nothing
    out.u8(0);
    out.u8(OP.end);
    return codeEntry(out.finish());
  };
  const types = ACCESSES.map((each) => {
    const { params, results } = accessType(each);
    return functionType({ params: Uint8Array.from(params), results: Uint8Array.from(results) });
  });
  const memory = new ByteWriter(16);
  memory.u8(1);
  memory.u32(pages);
  memory.u32(pages);
  const exports = ACCESSES.map(({ name }, i) => exportEntry(name, KIND.function, i));
  return joinSections([
    { id: SECTION.type, body: appendEntries(undefined, types) },
    { id: SECTION.function, body: indexVector(ACCESSES.map((_, i) => i)) },
    { id: SECTION.memory, body: appendEntries(undefined, [memory.finish()]) },
    { id: SECTION.export, body: appendEntries(undefined, [...exports, exportEntry(STACK_MEMORY, KIND.memory, 0)]) },
    { id: SECTION.code, body: appendEntries(undefined, ACCESSES.map(body)) },
  ]);
}
