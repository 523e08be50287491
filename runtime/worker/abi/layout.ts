/**
 * Sizes, alignments and flat forms.
 * https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md
 */
import type { AbiType } from './types.js';

export interface Layout {
  readonly size: number;
  readonly align: number;
  /** Core values that it takes as a parameter. */
  readonly flat: number;
}

const POINTER_AND_LENGTH: Layout = { size: 8, align: 4, flat: 2 };
const I32: Layout = { size: 4, align: 4, flat: 1 };
const I64: Layout = { size: 8, align: 8, flat: 1 };
const BYTE: Layout = { size: 1, align: 1, flat: 1 };
const NOTHING: Layout = { size: 0, align: 1, flat: 0 };

export function alignTo(offset: number, align: number): number {
  return Math.ceil(offset / align) * align;
}

export function layoutOf(type: AbiType | undefined): Layout {
  if (type === undefined) return NOTHING;
  if (typeof type === 'string') {
    if (type === 'bool') return BYTE;
    if (type === 'u32') return I32;
    return type === 'u64' || type === 'f64' ? I64 : POINTER_AND_LENGTH;
  }
  switch (type.kind) {
    case 'list':
      return POINTER_AND_LENGTH;
    case 'own':
    case 'borrow':
      return I32;
    case 'enum':
      return BYTE; // none has more than 256 cases
    case 'tuple':
      return product(type.of);
    case 'record':
      return product(type.of.map(([, field]) => field));
    case 'option':
      return sum([undefined, type.of]);
    case 'result':
      return sum([type.ok, type.err]);
    case 'variant':
      return sum(type.of.map(([, payload]) => payload));
  }
}

function product(fields: readonly AbiType[]): Layout {
  let size = 0;
  let align = 1;
  let flat = 0;
  for (const field of fields) {
    const layout = layoutOf(field);
    size = alignTo(size, layout.align) + layout.size;
    align = Math.max(align, layout.align);
    flat += layout.flat;
  }
  return { size: alignTo(size, align), align, flat };
}

/** One byte says which case; the payload follows, aligned for the largest. */
function sum(cases: readonly (AbiType | undefined)[]): Layout {
  const layouts = cases.map(layoutOf);
  const align = Math.max(...layouts.map((layout) => layout.align));
  const size = Math.max(...layouts.map((layout) => layout.size));
  return {
    size: alignTo(alignTo(1, align) + size, align),
    align,
    flat: 1 + Math.max(...layouts.map((layout) => layout.flat)),
  };
}

/** Where the payload of a sum type begins. */
export function payloadOffset(cases: readonly (AbiType | undefined)[]): number {
  return alignTo(1, Math.max(...cases.map((payload) => layoutOf(payload).align)));
}
