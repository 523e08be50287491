/**
 * What every checkpoint of a component must look like, whoever wrote it: what
 * the component's instances have, and how much of it there can be.
 */
import { PAGE_BYTES, TABLE_ENTRY_BYTES } from '../../limits.js';
import type { Bytes } from '../../task.js';
import type { LinkPlan } from '../link-plan.js';
import { moduleInfo, type ModuleInfo } from '../wasm/module-info.js';
import { splitSections } from '../wasm/sections.js';
import { globalWords, wordBits } from './global-words.js';

export interface Shape {
  /** In the order in which instances are made and their modules define them. */
  readonly memories: readonly { readonly least: Bytes; readonly most: Bytes }[];
  /** What tables hold, which do not grow. */
  readonly tableBytes: Bytes;
  /** By instance, how many bits each word of its globals has: 32 or 64. */
  readonly words: readonly (readonly number[])[];
  /** Globals that belong to none of the modules. */
  readonly shared: number;
}

/** @param modules as they are bounded, by file name, before anything is added to them to be saved and put back. */
export function shapeOf(link: LinkPlan, modules: ReadonlyMap<string, Uint8Array>): Shape {
  const instances = link.steps.map(({ module }) => infoOf(modules, module));
  const own = <Entry extends { readonly imported: boolean }>(entries: readonly Entry[]): Entry[] =>
    entries.filter(({ imported }) => !imported);
  const tables = instances.flatMap((info) => own(info.tables));
  return {
    memories: instances.flatMap((info) =>
      own(info.memories).map(({ min, max = min }) => ({ least: min * PAGE_BYTES, most: max * PAGE_BYTES })),
    ),
    tableBytes: tables.reduce((sum, { min }) => sum + min * TABLE_ENTRY_BYTES, 0),
    words: instances.map((info) => globalWords(info).map(wordBits)),
    shared: link.globals.length,
  };
}

function infoOf(modules: ReadonlyMap<string, Uint8Array>, name: string): ModuleInfo {
  const module = modules.get(name);
  if (module === undefined) throw new Error(`there is no module ${name}`);
  return moduleInfo(splitSections(module));
}

/** Whether parsed JSON is one. */
export function isShape(value: unknown): value is Shape {
  if (typeof value !== 'object' || value === null) return false;
  const { memories, tableBytes, words, shared } = value as Partial<Record<keyof Shape, unknown>>;
  return (
    Array.isArray(memories) &&
    memories.every(isRange) &&
    isCount(tableBytes) &&
    Array.isArray(words) &&
    words.every((bits) => Array.isArray(bits) && bits.every(isCount)) &&
    isCount(shared)
  );
}

function isRange(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return 'least' in value && isCount(value.least) && 'most' in value && isCount(value.most);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value);
}
