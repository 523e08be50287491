/** Task modules written byte by byte: of sizes and shapes that no text format would take. */
import { ByteWriter } from '../../../runtime/provision/wasm/bytes.js';
import { taskComponent } from '../wat-component.js';

const I32 = 0x7f;
const FUNC_TYPE = 0x60;
const END = 0x0b;

/** Code of a function: declarations of locals and instructions, without the size in front. */
export type Body = Uint8Array;

export interface CoreShape {
  /** Functions of type () -> () besides the two that a task has. */
  readonly functions?: readonly Body[];
  /** What the handler does before it answers ok: instructions. */
  readonly handler?: readonly number[];
  /** Parameter lists of further types. */
  readonly types?: readonly (Uint8Array | readonly number[])[];
  /** Names under which the first function is exported as well. */
  readonly exports?: readonly string[];
  readonly pages?: number;
  /** Active data segments, each at its address. */
  readonly data?: readonly { readonly at: number; readonly bytes: Uint8Array }[];
}

/** The index of the first of `functions`. */
export const FIRST_FUNCTION = 2;

export function coreModule(shape: CoreShape = {}): Uint8Array {
  const { functions = [], handler = [], types = [], exports = [], pages = 1, data = [] } = shape;
  const out = new ByteWriter(1_024);
  out.raw(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00));
  const seven = Array.from({ length: 7 }, () => I32);
  section(
    out,
    1,
    vector([
      signature([I32, I32, I32, I32], [I32]),
      signature(seven, [I32]),
      signature([], []),
      ...types.map((params) => signature(params, [])),
    ]),
  );
  section(out, 3, vector([u32(0), u32(1), ...functions.map(() => u32(2))]));
  section(out, 5, vector([bytes([0x00], u32(pages))]));
  section(
    out,
    7,
    vector([
      exported('memory', 2, 0),
      exported('cabi_realloc', 0, 0),
      exported('wasmcloud:messaging/handler@0.2.0#handle-message', 0, 1),
      ...exports.map((name) => exported(name, 0, 0)),
    ]),
  );
  const realloc = bytes([0x00, 0x41], [0x80, 0x08], [END]); // no locals, i32.const 1024
  const handle = bytes([0x00], handler, [0x41, 0x00, END]);
  section(out, 10, vector([realloc, handle, ...functions].map((body) => bytes(u32(body.length), body))));
  if (data.length > 0) {
    section(
      out,
      11,
      vector(
        data.map(({ at, bytes: contents }) => bytes([0x00, 0x41], s32(at), [END], u32(contents.length), contents)),
      ),
    );
  }
  return out.finish();
}

/** The component of a task around such a module: that of a small task, with the module in it exchanged. */
export async function around(core: Uint8Array): Promise<Uint8Array> {
  const small = await taskComponent();
  const out = new ByteWriter(core.length + small.length);
  out.raw(small.subarray(0, 8));
  let exchanged = false;
  for (let at = 8; at < small.length;) {
    const id = small[at] ?? 0;
    const [size, begin] = readU32(small, at + 1);
    const isCore: boolean = id === CORE_MODULE && !exchanged;
    exchanged ||= isCore;
    section(out, id, isCore ? core : small.subarray(begin, begin + size));
    at = begin + size;
  }
  return out.finish();
}

/** A task, and in it a component of nothing but a chain of types, each a list of the one before. */
export async function withTypes(depth: number): Promise<Uint8Array> {
  const task = await taskComponent();
  const out = new ByteWriter(8 * depth + 2 * task.length);
  out.raw(task);
  const inner = new ByteWriter(8 * depth);
  inner.raw(task.subarray(0, 8));
  const chain = Array.from({ length: depth }, (_, i) => bytes([LIST], i === 0 ? [U8] : s32(i - 1)));
  section(inner, TYPES, vector(chain));
  section(out, COMPONENT, inner.finish());
  return out.finish();
}

/** A component's types and sections. https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md */
const LIST = 0x70;
const U8 = 0x7d;
const COMPONENT = 4;
const TYPES = 7;
const CORE_MODULE = 1;

function section(out: ByteWriter, id: number, body: Uint8Array): void {
  out.u8(id);
  out.u32(body.length);
  out.raw(body);
}

export function bytes(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Buffer.concat(parts.map((part) => Uint8Array.from(part)));
}

/** Some bytes, over and over. */
export function repeated(count: number, ...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const one = bytes(...parts);
  const out = new Uint8Array(one.length * count);
  for (let i = 0; i < count; i++) out.set(one, i * one.length);
  return out;
}

function vector(items: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([u32(items.length), ...items]);
}

export function u32(value: number): Uint8Array {
  const out = new ByteWriter(8);
  out.u32(value);
  return out.finish();
}

function s32(value: number): Uint8Array {
  const out = new ByteWriter(8);
  out.s32(value);
  return out.finish();
}

function signature(params: Uint8Array | readonly number[], results: readonly number[]): Uint8Array {
  return bytes([FUNC_TYPE], u32(params.length), params, u32(results.length), results);
}

function exported(name: string, kind: number, index: number): Uint8Array {
  return bytes(u32(Buffer.byteLength(name)), Buffer.from(name), [kind], u32(index));
}

function readU32(from: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = from[at++] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at];
  }
}
