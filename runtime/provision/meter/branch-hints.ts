/**
 * Tells the engine that the end of a slice is rare. Without it V8 keeps no
 * value in a register across a loop that could call the host: tight loops then
 * take twice as long.
 * https://github.com/WebAssembly/branch-hinting
 */
import { ByteReader, ByteWriter } from '../wasm/bytes.js';
import { SECTION, type Section } from '../wasm/sections.js';

const NAME = 'metadata.code.branch_hint';
const UNLIKELY = 0;

/**
 * Puts the hints in front of the code. Hints that the module came with are
 * dropped: they name offsets that the rewriting has moved.
 *
 * @param unlikely by function index in ascending order, offsets from the function's local declarations.
 */
export function withBranchHints(
  sections: readonly Section[],
  unlikely: ReadonlyMap<number, readonly number[]>,
): Section[] {
  const kept = sections.filter((section) => section.id !== SECTION.custom || customName(section) !== NAME);
  const code = kept.findIndex((section) => section.id === SECTION.code);
  return unlikely.size === 0 || code < 0
    ? kept
    : kept.toSpliced(code, 0, { id: SECTION.custom, body: encode(unlikely) });
}

function customName(section: Section): string | undefined {
  try {
    return new ByteReader(section.body).name();
  } catch {
    return undefined; // a name that is not UTF-8 is not this one
  }
}

function encode(unlikely: ReadonlyMap<number, readonly number[]>): Uint8Array {
  const out = new ByteWriter();
  out.name(NAME);
  out.u32(unlikely.size);
  for (const [index, offsets] of unlikely) {
    out.u32(index);
    out.u32(offsets.length);
    for (const offset of offsets) {
      out.u32(offset);
      out.u32(1); // the size of the hint
      out.u8(UNLIKELY);
    }
  }
  return out.finish();
}
