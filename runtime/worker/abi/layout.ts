/**
 * Sizes, alignments and flat forms.
 * https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md
 */
import { isPrimitive, PRIMITIVES, type CoreType } from './primitives.js';
import { casesOf, type AbiType } from './types.js';

export interface Layout {
  readonly size: number;
  readonly align: number;
}

/** One byte says which case. More would need two; no interface that is offered has as many. */
const MOST_CASES = 256;
/** The component model allows no more. */
const MOST_FLAGS = 32;

const POINTER_AND_LENGTH: Layout = { size: 8, align: 4 };
const HANDLE: Layout = { size: 4, align: 4 };
const NOTHING: Layout = { size: 0, align: 1 };

function alignTo(offset: number, align: number): number {
  return Math.ceil(offset / align) * align;
}

/** How a type lies in memory. @throws Error for a type that no host function may have. */
export function layoutOf(type: AbiType | undefined): Layout {
  if (type === undefined) return NOTHING;
  if (isPrimitive(type)) return { size: PRIMITIVES[type].size, align: PRIMITIVES[type].size };
  if (typeof type === 'string') return POINTER_AND_LENGTH;
  switch (type.kind) {
    case 'list':
      return POINTER_AND_LENGTH;
    case 'own':
    case 'borrow':
      return HANDLE;
    case 'flags':
      return layoutOf(flagsAs(type.of.length));
    case 'tuple':
      return placesOf(type.of);
    case 'record':
      return placesOf(type.of.map(([, field]) => field));
    case 'enum':
    case 'option':
    case 'result':
    case 'variant':
      return sum(casesOf(type).map(([, payload]) => layoutOf(payload)));
  }
}

/** The core values that a type takes as a parameter or, if it is no more than one, as a result. */
export function flatOf(type: AbiType | undefined): readonly CoreType[] {
  if (type === undefined) return [];
  if (isPrimitive(type)) return [PRIMITIVES[type].core];
  if (typeof type === 'string') return ['i32', 'i32'];
  switch (type.kind) {
    case 'list':
      return ['i32', 'i32'];
    case 'own':
    case 'borrow':
    case 'flags':
      return ['i32'];
    case 'tuple':
      return type.of.flatMap(flatOf);
    case 'record':
      return type.of.flatMap(([, field]) => flatOf(field));
    case 'enum':
    case 'option':
    case 'result':
    case 'variant':
      return [
        'i32',
        ...casesOf(type).reduce<readonly CoreType[]>((all, [, payload]) => join(all, flatOf(payload)), []),
      ];
  }
}

/** Cases share their core values: where two differ, one that holds either. */
function join(one: readonly CoreType[], other: readonly CoreType[]): readonly CoreType[] {
  const [longer, shorter] = one.length < other.length ? [other, one] : [one, other];
  return longer.map((type, i) => {
    const beside = shorter[i] ?? type;
    if (beside === type) return type;
    return type === 'i64' || type === 'f64' || beside === 'i64' || beside === 'f64' ? 'i64' : 'i32';
  });
}

/** Flags are a number with a bit for each. */
export function flagsAs(count: number): 'u8' | 'u16' | 'u32' {
  if (count > MOST_FLAGS) throw new Error(`a type has ${count} flags: at most ${MOST_FLAGS} can be handled`);
  if (count <= 8) return 'u8';
  return count <= 16 ? 'u16' : 'u32';
}

/** Where fields lie: one after the other, each aligned. */
export function placesOf(fields: readonly AbiType[]): Layout & { readonly offsets: readonly number[] } {
  let size = 0;
  let align = 1;
  const offsets = fields.map((field) => {
    const layout = layoutOf(field);
    const at = alignTo(size, layout.align);
    size = at + layout.size;
    align = Math.max(align, layout.align);
    return at;
  });
  return { size: alignTo(size, align), align, offsets };
}

/** The payload follows the byte that says which case, aligned for the largest. */
function sum(payloads: readonly Layout[]): Layout {
  if (payloads.length > MOST_CASES) {
    throw new Error(`a type has ${payloads.length} cases: at most ${MOST_CASES} can be handled`);
  }
  const align = Math.max(...payloads.map((payload) => payload.align));
  const size = Math.max(...payloads.map((payload) => payload.size));
  return { size: alignTo(alignTo(1, align) + size, align), align };
}

/** Where the payload of a type with cases begins. */
export function payloadOffset(cases: readonly (readonly [string, AbiType | undefined])[]): number {
  return alignTo(1, Math.max(...cases.map(([, payload]) => layoutOf(payload).align)));
}
