/**
 * The exposing pass: exports what a reset or a checkpoint must reach: memories,
 * tables and mutable globals, each as `sterna:<kind>/<index>`.
 */
import { KIND, moduleInfo } from './wasm/module-info.js';
import { exportEntry } from './wasm/renumber.js';
import { appendEntries, joinSections, SECTION, sectionBody, splitSections, withSection } from './wasm/sections.js';

export const EXPOSED = {
  memory: 'sterna:memory/',
  table: 'sterna:table/',
  global: 'sterna:global/',
} as const;

/** A vector cannot be read from JavaScript. */
const V128 = 0x7b;

export interface Exposed {
  readonly module: Uint8Array;
  /** It has a mutable global that JavaScript cannot read, so an instance cannot be reset. */
  readonly hidesState: boolean;
}

export function expose(module: Uint8Array): Exposed {
  const sections = splitSections(module);
  const info = moduleInfo(sections);
  const entries: Uint8Array[] = [];
  for (const index of info.memories.keys()) entries.push(exportEntry(`${EXPOSED.memory}${index}`, KIND.memory, index));
  for (const index of info.tables.keys()) entries.push(exportEntry(`${EXPOSED.table}${index}`, KIND.table, index));
  let hidesState = false;
  for (const [index, global] of info.globals.entries()) {
    if (!global.mutable) continue;
    if (global.type === V128) hidesState = true;
    else entries.push(exportEntry(`${EXPOSED.global}${index}`, KIND.global, index));
  }
  const body = appendEntries(sectionBody(sections, SECTION.export), entries);
  return { module: joinSections(withSection(sections, SECTION.export, body)), hidesState };
}
