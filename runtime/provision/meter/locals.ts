/**
 * Where a function's locals are when it is metered.
 *
 * A threaded function has parameters added behind its own: the first of its
 * locals make room for them and move behind the last. All others keep their
 * indices, so that most of the code can be copied as it is. A plain function has
 * locals added behind the last.
 */
import type { ByteWriter } from '../wasm/bytes.js';
import { UnsupportedWasm } from '../wasm/module-info.js';
import { I32 } from '../wasm/opcodes.js';
import type { Convention } from './conventions.js';

/** V8's bound, parameters included: kV8MaxWasmFunctionLocals in wasm-limits.h. */
const MAX_LOCALS = 50_000;

/** Fuel, depth and a size. */
const MOST_ADDED = 3;

/** (count, type), as they are declared. */
type Groups = readonly (readonly [count: number, type: number])[];

export interface Locals {
  readonly fuel: number;
  /** Meaningless if the function is handed no depth. */
  readonly depth: number;
  /** For a size, where the function works on ranges of memory: the last local. */
  readonly size: number;
  readonly renamedFrom: number;
  /** Excluded. */
  readonly renamedTo: number;
  renamed(local: number): number;
  /** Locals that are declared anew, behind what is left of the original ones. */
  readonly added: Groups;
  /** How many of the first original locals are not declared: their indices are the added parameters'. */
  readonly dropped: number;
}

/** @throws UnsupportedWasm when there is no room for what must be added. */
export function localsOf(params: number, groups: Groups, convention: Convention): Locals {
  const count = groups.reduce((sum, [size]) => sum + size, 0);
  const added = convention.takesDepth ? 2 : 1;
  const total = params + count;
  if (total + MOST_ADDED > MAX_LOCALS) {
    throw new UnsupportedWasm(
      `a function with ${total} locals (metering needs ${MOST_ADDED} of the ${MAX_LOCALS} that the engine allows)`,
    );
  }
  if (!convention.threaded) {
    return {
      fuel: total,
      depth: total + 1,
      size: total + added,
      renamedFrom: 0,
      renamedTo: 0,
      renamed: (local) => local,
      added: [[added, I32]],
      dropped: 0,
    };
  }
  const moved = Math.min(added, count);
  const firstMoved = Math.max(total, params + added);
  return {
    fuel: params,
    depth: params + 1,
    size: firstMoved + moved,
    renamedFrom: params,
    renamedTo: params + moved,
    renamed: (local) => (local >= params && local < params + moved ? firstMoved + local - params : local),
    added: Array.from({ length: moved }, (_, i) => [1, typeAt(groups, i)] as const),
    dropped: moved,
  };
}

function typeAt(groups: Groups, index: number): number {
  let before = 0;
  for (const [count, type] of groups) {
    before += count;
    if (index < before) return type;
  }
  throw new Error(`there is no local ${index}`);
}

/**
 * Writes the declarations.
 * @param locals undefined where nothing is added.
 * @param withSize whether the local for a size is.
 */
export function writeLocals(out: ByteWriter, groups: Groups, locals: Locals | undefined, withSize: boolean): void {
  let left = locals?.dropped ?? 0;
  const kept: (readonly [number, number])[] = [];
  for (const [count, type] of groups) {
    const dropped = Math.min(left, count);
    left -= dropped;
    if (count > dropped) kept.push([count - dropped, type]);
  }
  const all = [...kept, ...(locals?.added ?? []), ...(withSize ? [[1, I32] as const] : [])];
  out.u32(all.length);
  for (const [count, type] of all) {
    out.u32(count);
    out.u8(type);
  }
}
