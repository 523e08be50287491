/** A first look at the code of a module: who calls whom, and what it contains. */
import { ByteReader } from '../wasm/bytes.js';
import { skipImmediates } from '../wasm/instructions.js';
import { OP } from '../wasm/opcodes.js';
import { SECTION, sectionBody, type Section } from '../wasm/sections.js';

/** What is known of a function of the module's own before it is rewritten. */
export interface Surveyed {
  /** Where its instructions lie in the code section. */
  readonly codeFrom: number;
  readonly to: number;
  /** Functions it calls by their index, each once. */
  readonly callees: readonly number[];
  /** It calls through a table. */
  readonly indirect: boolean;
  /** It calls anything at all. */
  readonly calls: boolean;
  /** Locals, without parameters, as (count, type) in the order of their declaration. */
  readonly locals: readonly (readonly [count: number, type: number])[];
}

export interface Survey {
  readonly functions: readonly Surveyed[];
  readonly tailCalls: boolean;
  readonly catches: boolean;
}

/** Shared by all functions that have none: there may be a million. */
const NONE: never[] = [];

/** @throws MalformedWasm, UnsupportedWasm naming the instruction. */
export function survey(sections: readonly Section[]): Survey {
  const reader = new ByteReader(sectionBody(sections, SECTION.code) ?? new Uint8Array([0]));
  const functions: Surveyed[] = [];
  const callees = new Set<number>();
  let tailCalls = false;
  let catches = false;
  for (let count = reader.u32(); count > 0; count--) {
    const size = reader.u32();
    const to = reader.pos + size;
    const locals = localGroups(reader);
    const codeFrom = reader.pos;
    callees.clear();
    let indirect = false;
    while (reader.pos < to) {
      const opcode = reader.u8();
      switch (opcode) {
        case OP.call:
        case OP.returnCall:
          callees.add(reader.u32());
          tailCalls ||= opcode === OP.returnCall;
          break;
        case OP.callIndirect:
        case OP.returnCallIndirect:
          indirect = true;
          tailCalls ||= opcode === OP.returnCallIndirect;
          skipImmediates(reader, opcode);
          break;
        case OP.try:
          catches = true;
          skipImmediates(reader, opcode);
          break;
        default:
          skipImmediates(reader, opcode);
      }
    }
    functions.push({
      codeFrom,
      to,
      callees: callees.size === 0 ? NONE : [...callees],
      indirect,
      calls: indirect || callees.size > 0,
      locals,
    });
  }
  return { functions, tailCalls, catches };
}

function localGroups(reader: ByteReader): readonly [number, number][] {
  const count = reader.u32();
  if (count === 0) return NONE;
  const groups: [number, number][] = [];
  for (let left = count; left > 0; left--) groups.push([reader.u32(), reader.u8()]);
  return groups;
}
