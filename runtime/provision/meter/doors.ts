/**
 * Doors: functions of the original type in front of others, for callers outside
 * of the module.
 */
import { ByteWriter } from '../wasm/bytes.js';
import type { FunctionType } from '../wasm/module-info.js';
import { I32, OP } from '../wasm/opcodes.js';
import type { Convention } from './conventions.js';

export interface Door {
  /** Of the function behind it, as the module declared it. */
  readonly type: FunctionType;
  readonly convention: Convention;
  /** The index of the function behind it. */
  readonly target: number;
  readonly fuelGlobal: number;
  readonly depthGlobal: number;
  /** The block type that yields the function's results. */
  readonly resultBlock: number;
}

/** The code of a door: local declarations and instructions, without the size in front. */
export function doorBody(door: Door): Uint8Array {
  const out = new ByteWriter();
  const { type, convention } = door;
  if (convention.takesDepth) {
    out.u32(1);
    out.u32(1);
    out.u8(I32);
  } else {
    out.u32(0);
  }
  const op = (opcode: number, index: number): void => {
    out.u8(opcode);
    out.u32(index);
  };
  const pass = (): void => {
    for (let i = 0; i < type.params.length; i++) op(OP.localGet, i);
  };
  if (convention.threaded) throughGlobals(door, op, pass);
  else puttingDepthBack(door, out, op, pass);
  out.u8(OP.end);
  return out.finish();
}

type Op = (opcode: number, index: number) => void;

/** Brings the globals in as parameters, and takes the fuel out again. */
function throughGlobals(door: Door, op: Op, pass: () => void): void {
  const depthLocal = door.type.params.length;
  const { takesDepth } = door.convention;
  pass();
  op(OP.globalGet, door.fuelGlobal);
  if (takesDepth) {
    op(OP.globalGet, door.depthGlobal);
    op(OP.localTee, depthLocal);
  }
  op(OP.call, door.target);
  op(OP.globalSet, door.fuelGlobal);
  if (takesDepth) {
    op(OP.localGet, depthLocal);
    op(OP.globalSet, door.depthGlobal);
  }
}

/** An exception passes frames that would have put the depth back: whoever catches it finds it as it was. */
function puttingDepthBack(door: Door, out: ByteWriter, op: Op, pass: () => void): void {
  const depthLocal = door.type.params.length;
  op(OP.globalGet, door.depthGlobal);
  op(OP.localSet, depthLocal);
  out.u8(OP.try);
  out.s32(door.resultBlock);
  pass();
  op(OP.call, door.target);
  out.u8(OP.catchAll);
  op(OP.localGet, depthLocal);
  op(OP.globalSet, door.depthGlobal);
  op(OP.rethrow, 0);
  out.u8(OP.end);
}
