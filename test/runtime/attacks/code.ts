/** Pieces of functions, as bytes. */
import { bytes, u32, type Body } from './core-module.js';

type Code = Uint8Array | readonly number[];

const VOID = 0x40;

export const END = 0x0b;
export const NOP = 0x01;
export const BLOCK = [0x02, VOID];
export const LOOP = [0x03, VOID];
/** Jumps out of the innermost block if memory at 0 is not 0. */
export const LEAVE_IF = [0x41, 0x00, 0x28, 0x02, 0x00, 0x0d, 0x00];
/** Writes at 0 what is there. */
export const STORE = [0x41, 0x00, 0x41, 0x00, 0x28, 0x02, 0x00, 0x36, 0x02, 0x00];

/** A jump table of which every label is the innermost block. */
export const jumpTable = (labels: number): Code => bytes([0x41, 0x00, 0x0e], u32(labels), new Uint8Array(labels + 1));

/** A function without locals. */
export const plain = (...parts: readonly Code[]): Body => bytes([0x00], ...parts, [END]);

/** A function with this many locals of type i32. */
export const withLocals = (count: number, ...parts: readonly Code[]): Body =>
  bytes([0x01], u32(count), [0x7f], ...parts, [END]);
