/** What a scan finds to change in a function's body. */
export const EDIT = {
  /** Charge `point`. */
  charge: 0,
  /** Charge `point` and look whether the slice is used up. */
  chargeAndLook: 1,
  /** The instruction `loop`, whose block type is at byte `argument`: charge `point` and look at each turn. */
  loop: 2,
  /** The same in a loop without calls: the end of a slice is handled outside of it. */
  simpleLoop: 3,
  /** Behind the end of such a loop. */
  simpleLoopEnd: 4,
  /** br, br_if or br_table, `argument` labels inside `loop`. */
  branch: 5,
  /** A direct call: `argument` is the function's index. */
  call: 6,
  /** A call through a table: kept as it is. */
  indirectCall: 7,
  /** A direct tail call: `argument` is the function's index. */
  tailCall: 8,
  /** `return`: if `argument` is 1, a look at the fuel before. */
  return: 9,
  /** `unreachable`. */
  trap: 10,
  /** What leaves the function for elsewhere: throw, rethrow, an indirect tail call. */
  throw: 11,
  /** A handler begins: the counter is reloaded, then `point` is charged, with a look. */
  handler: 12,
  /** ref.func: `argument` is the function's index. */
  functionReference: 13,
  /** A local instruction whose local, `argument`, has another index now. */
  local: 14,
  /** memory.grow: `argument` is the memory's index. */
  memoryGrow: 15,
  /** memory.fill: `argument` is the memory's index. */
  memoryFill: 16,
  /** memory.copy: `argument` is the destination's index, `second` the source's. */
  memoryCopy: 17,
  /** memory.init into memory `argument`: kept as it is, charged by size. */
  memoryInit: 18,
  /** table.init, copy, fill of table `argument`: kept as it is, charged by size. */
  tableBulk: 19,
  /** table.grow: `argument` is the table's index. */
  tableGrow: 20,
  /** The end of the function: if `argument` is 1, a look at the fuel before. */
  end: 21,
} as const;

/** An edit of a function body: `from..to` of the original is replaced. */
export interface Edit {
  kind: number;
  readonly from: number;
  readonly to: number;
  readonly argument: number;
  readonly second: number;
  /** The point that is current behind it. */
  readonly point: number;
  /** The head of the loop it belongs to. */
  loop: Edit | undefined;
}
