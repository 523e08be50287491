/** Functions that metered code calls in place of instructions, or to begin a new slice. */

/** Each takes the fuel as its last parameter and gives it back as its last result. */
export type Subroutine =
  | { readonly kind: 'slice'; readonly holds?: true }
  /** Takes how deep calls may still nest behind the fuel. */
  | { readonly kind: 'enter' }
  | { readonly kind: 'charge-bytes'; readonly memory: number }
  | { readonly kind: 'charge-entries'; readonly table: number }
  | { readonly kind: 'memory-grow'; readonly memory: number }
  | { readonly kind: 'memory-fill'; readonly memory: number }
  | { readonly kind: 'memory-copy'; readonly to: number; readonly from: number }
  | { readonly kind: 'table-grow'; readonly table: number };

/** @param holds the run is not to be suspended there. */
export function sliceSubroutine(holds: boolean): Subroutine {
  return holds ? { kind: 'slice', holds } : { kind: 'slice' };
}
