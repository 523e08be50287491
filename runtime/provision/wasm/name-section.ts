/** Keeps the debug names of functions right when functions are added in front of a module's own. */
import { ByteReader, ByteWriter } from './bytes.js';
import { SECTION, type Section } from './sections.js';

const FUNCTION_NAMES = 1;
const LOCAL_NAMES = 2;
const LABEL_NAMES = 3;

/**
 * Renumbers functions in the custom section "name". A section that cannot be
 * read is dropped: engines ignore it as well.
 * https://webassembly.github.io/spec/core/appendix/custom.html#name-section
 */
export function renumberNames(sections: readonly Section[], renumber: (index: number) => number): Section[] {
  return sections.flatMap((section) => {
    if (section.id !== SECTION.custom) return [section];
    try {
      const reader = new ByteReader(section.body);
      if (reader.name() !== 'name') return [section];
      return [{ id: SECTION.custom, body: rewrite(reader, renumber) }];
    } catch {
      return [];
    }
  });
}

function rewrite(reader: ByteReader, renumber: (index: number) => number): Uint8Array {
  const out = new ByteWriter(reader.end + 64);
  out.name('name');
  while (!reader.done) {
    const id = reader.u8();
    const body = reader.take(reader.u32());
    const renumbered =
      id === FUNCTION_NAMES || id === LOCAL_NAMES || id === LABEL_NAMES ? renumberMap(id, body, renumber) : body;
    out.u8(id);
    out.u32(renumbered.length);
    out.raw(renumbered);
  }
  return out.finish();
}

/** A map from function indices to a name, or to a map from indices to names. */
function renumberMap(id: number, body: Uint8Array, renumber: (index: number) => number): Uint8Array {
  const reader = new ByteReader(body);
  const out = new ByteWriter(body.length + 64);
  const count = reader.u32();
  out.u32(count);
  for (let i = 0; i < count; i++) {
    out.u32(renumber(reader.u32()));
    const start = reader.pos;
    if (id === FUNCTION_NAMES) reader.skip(reader.u32());
    else skipNameMap(reader);
    out.copy(body, start, reader.pos);
  }
  return out.finish();
}

function skipNameMap(reader: ByteReader): void {
  for (let count = reader.u32(); count > 0; count--) {
    reader.u32();
    reader.skip(reader.u32());
  }
}
