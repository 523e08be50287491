/**
 * The bounding pass: memories and tables that a module defines get a maximum
 * that the memory limit allows. The exact total is kept at run time, where
 * growth is asked for (see `meter/added-functions.ts`); this is the second line.
 */
import { PAGE_BYTES, TABLE_ENTRY_BYTES } from '../limits.js';
import { ByteReader, ByteWriter } from './wasm/bytes.js';
import { moduleInfo } from './wasm/module-info.js';
import { joinSections, SECTION, sectionBody, splitSections, withSection } from './wasm/sections.js';

export interface Bounded {
  readonly module: Uint8Array;
  /** What its own memories and tables hold from the start. */
  readonly initialBytes: number;
}

/** @param memoryBytes the limit over all memories and tables of the component. */
export function bound(module: Uint8Array, memoryBytes: number): Bounded {
  let sections = splitSections(module);
  const info = moduleInfo(sections);
  const memories = info.memories.filter((memory) => !memory.imported);
  const tables = info.tables.filter((table) => !table.imported);
  const memory = sectionBody(sections, SECTION.memory);
  if (memory !== undefined) {
    const most = Math.floor(memoryBytes / PAGE_BYTES);
    sections = withSection(sections, SECTION.memory, rewriteLimits(memory, 0, most));
  }
  const table = sectionBody(sections, SECTION.table);
  if (table !== undefined) {
    const most = Math.floor(memoryBytes / TABLE_ENTRY_BYTES);
    sections = withSection(sections, SECTION.table, rewriteLimits(table, 1, most));
  }
  return {
    module: joinSections(sections),
    initialBytes:
      memories.reduce((sum, entry) => sum + entry.min * PAGE_BYTES, 0) +
      tables.reduce((sum, entry) => sum + entry.min * TABLE_ENTRY_BYTES, 0),
  };
}

/** Entries are `typeBytes` bytes and limits. A minimum above `most` is left for the caller to refuse. */
function rewriteLimits(body: Uint8Array, typeBytes: number, most: number): Uint8Array {
  const reader = new ByteReader(body);
  const out = new ByteWriter(body.length + 32);
  const count = reader.u32();
  out.u32(count);
  for (let i = 0; i < count; i++) {
    out.raw(reader.take(typeBytes));
    const hasMax = (reader.u8() & 1) === 1;
    const min = reader.u32();
    const max = hasMax ? reader.u32() : Number.POSITIVE_INFINITY;
    out.u8(1);
    out.u32(min);
    out.u32(Math.max(min, Math.min(max, most)));
  }
  return out.finish();
}
