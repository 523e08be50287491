/** Keeps the debug names of functions and locals right when these move. */
import { ByteReader, ByteWriter } from './bytes.js';
import { SECTION, type Section } from './sections.js';

const FUNCTION_NAMES = 1;
const LOCAL_NAMES = 2;
const LABEL_NAMES = 3;

export interface NewIndices {
  function(index: number): number;
  /** Of a local of a function, by its old indices. */
  local(functionIndex: number, index: number): number;
}

/**
 * Renumbers what the custom section "name" names. Names of labels are dropped,
 * and so is a section that cannot be read: engines ignore it as well.
 * https://webassembly.github.io/spec/core/appendix/custom.html#name-section
 */
export function renumberNames(sections: readonly Section[], indices: NewIndices): Section[] {
  return sections.flatMap((section) => {
    if (section.id !== SECTION.custom) return [section];
    try {
      const reader = new ByteReader(section.body);
      if (reader.name() !== 'name') return [section];
      return [{ id: SECTION.custom, body: rewrite(reader, indices) }];
    } catch {
      return [];
    }
  });
}

function rewrite(reader: ByteReader, indices: NewIndices): Uint8Array {
  const out = new ByteWriter(reader.end + 64);
  out.name('name');
  while (!reader.done) {
    const id = reader.u8();
    const body = reader.take(reader.u32());
    if (id === LABEL_NAMES) continue;
    const renumbered = id === FUNCTION_NAMES || id === LOCAL_NAMES ? renumberMap(id, body, indices) : body;
    out.u8(id);
    out.u32(renumbered.length);
    out.raw(renumbered);
  }
  return out.finish();
}

/** A map from function indices to a name, or to a map from the indices of locals to names. */
function renumberMap(id: number, body: Uint8Array, indices: NewIndices): Uint8Array {
  const reader = new ByteReader(body);
  const out = new ByteWriter(body.length + 64);
  const count = reader.u32();
  out.u32(count);
  for (let i = 0; i < count; i++) {
    const index = reader.u32();
    out.u32(indices.function(index));
    if (id === FUNCTION_NAMES) copyName(reader, out);
    else renumberLocals(reader, out, (local) => indices.local(index, local));
  }
  return out.finish();
}

/** The format wants them in ascending order. */
function renumberLocals(reader: ByteReader, out: ByteWriter, renamed: (local: number) => number): void {
  const names: [number, Uint8Array][] = [];
  for (let count = reader.u32(); count > 0; count--) {
    names.push([renamed(reader.u32()), reader.take(reader.u32())]);
  }
  out.u32(names.length);
  for (const [local, name] of names.toSorted(([a], [b]) => a - b)) {
    out.u32(local);
    out.u32(name.length);
    out.raw(name);
  }
}

function copyName(reader: ByteReader, out: ByteWriter): void {
  const start = reader.pos;
  reader.skip(reader.u32());
  out.copy(reader.bytes, start, reader.pos);
}
