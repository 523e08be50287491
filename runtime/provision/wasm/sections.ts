/**
 * A module as its sections, and sections as a module.
 * https://webassembly.github.io/spec/core/binary/modules.html
 */
import { ByteReader, ByteWriter, MalformedWasm } from './bytes.js';

export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

/** The order in which the format wants the sections that are not custom. */
const ORDER: readonly number[] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

export interface Section {
  readonly id: number;
  /** The section's contents, without id and size. */
  readonly body: Uint8Array;
}

const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** @throws MalformedWasm */
export function splitSections(module: Uint8Array): Section[] {
  const reader = new ByteReader(module);
  for (const byte of MAGIC) {
    if (reader.done || reader.u8() !== byte) throw new MalformedWasm('not a core WebAssembly module of version 1');
  }
  const sections: Section[] = [];
  while (!reader.done) {
    const id = reader.u8();
    sections.push({ id, body: reader.take(reader.u32()) });
  }
  return sections;
}

export function joinSections(sections: readonly Section[]): Uint8Array {
  const writer = new ByteWriter(sections.reduce((sum, section) => sum + section.body.length + 6, MAGIC.length));
  writer.raw(Uint8Array.from(MAGIC));
  for (const section of sections) {
    writer.u8(section.id);
    writer.u32(section.body.length);
    writer.raw(section.body);
  }
  return writer.finish();
}

/** The body of the only section of this id, or undefined. */
export function sectionBody(sections: readonly Section[], id: number): Uint8Array | undefined {
  return sections.find((section) => section.id === id)?.body;
}

/** Replaces the section of this id, puts it where the format wants it, or removes it (undefined). */
export function withSection(sections: readonly Section[], id: number, body: Uint8Array | undefined): Section[] {
  const at = sections.findIndex((section) => section.id === id);
  if (at >= 0) {
    return body === undefined ? sections.filter((_, i) => i !== at) : sections.with(at, { id, body });
  }
  if (body === undefined) return [...sections];
  const rank = ORDER.indexOf(id);
  const next = sections.findIndex((section) => section.id !== SECTION.custom && ORDER.indexOf(section.id) > rank);
  return next < 0 ? [...sections, { id, body }] : sections.toSpliced(next, 0, { id, body });
}

/** Adds entries, each encoded, to the vector that a section's body is. */
export function appendEntries(body: Uint8Array | undefined, entries: readonly Uint8Array[]): Uint8Array {
  const reader = new ByteReader(body ?? new Uint8Array([0]));
  const count = reader.u32();
  const writer = new ByteWriter(reader.end + 16);
  writer.u32(count + entries.length);
  writer.copy(reader.bytes, reader.pos, reader.end);
  for (const entry of entries) writer.raw(entry);
  return writer.finish();
}
