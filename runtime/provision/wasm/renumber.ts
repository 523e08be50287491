/**
 * Sections rewritten for functions that have moved. Code names functions too;
 * that is the metering pass's own business.
 * https://webassembly.github.io/spec/core/binary/modules.html
 */
import { ByteReader, ByteWriter } from './bytes.js';
import { KIND, skipInitExpression } from './module-info.js';
import { OP } from './opcodes.js';
import { SECTION, sectionBody, type Section } from './sections.js';

/** The new index of a function. */
export type Renumber = (index: number) => number;

export function exportEntry(name: string, kind: number, index: number): Uint8Array {
  const out = new ByteWriter(name.length + 16);
  out.name(name);
  out.u8(kind);
  out.u32(index);
  return out.finish();
}

export function renumberExports(body: Uint8Array, renumber: Renumber): Uint8Array {
  return eachEntry(body, (reader, out) => {
    const [name, kind, index] = [reader.name(), reader.u8(), reader.u32()];
    out.raw(exportEntry(name, kind, kind === KIND.function ? renumber(index) : index));
  });
}

export function renumberGlobals(body: Uint8Array, renumber: Renumber): Uint8Array {
  return eachEntry(body, (reader, out) => {
    out.raw(reader.take(2)); // value type and mutability, one byte each
    copyInitExpression(reader, out, renumber);
  });
}

/** The eight forms of an element segment. */
export function renumberElements(body: Uint8Array, renumber: Renumber): Uint8Array {
  return eachEntry(body, (reader, out) => {
    const flags = reader.u32();
    out.u32(flags);
    const active = (flags & 1) === 0;
    if (active && (flags & 2) !== 0) out.u32(reader.u32()); // table
    if (active) copyInitExpression(reader, out, renumber);
    if ((flags & 3) !== 0) out.u8(reader.u8()); // element kind or reference type
    const entries = reader.u32();
    out.u32(entries);
    for (let i = 0; i < entries; i++) {
      if ((flags & 4) === 0) out.u32(renumber(reader.u32()));
      else copyInitExpression(reader, out, renumber);
    }
  });
}

/** Functions that are named outside of code, exports apart: by element segments and initialisers of globals. */
export function referencedFunctions(sections: readonly Section[]): Set<number> {
  const referenced = new Set<number>();
  const note = (index: number): number => {
    referenced.add(index);
    return index;
  };
  const globals = sectionBody(sections, SECTION.global);
  if (globals !== undefined) renumberGlobals(globals, note);
  const elements = sectionBody(sections, SECTION.element);
  if (elements !== undefined) renumberElements(elements, note);
  return referenced;
}

function eachEntry(body: Uint8Array, rewrite: (reader: ByteReader, out: ByteWriter) => void): Uint8Array {
  const reader = new ByteReader(body);
  const out = new ByteWriter(body.length + 64);
  const count = reader.u32();
  out.u32(count);
  for (let i = 0; i < count; i++) rewrite(reader, out);
  return out.finish();
}

/** Only `ref.func` names a function, and it is then the whole expression. */
function copyInitExpression(reader: ByteReader, out: ByteWriter, renumber: Renumber): void {
  const from = reader.pos;
  if (reader.bytes[from] === OP.refFunc) {
    reader.skip(1);
    const index = reader.u32();
    reader.skip(1);
    out.u8(OP.refFunc);
    out.u32(renumber(index));
    out.u8(OP.end);
    return;
  }
  skipInitExpression(reader);
  out.copy(reader.bytes, from, reader.pos);
}
