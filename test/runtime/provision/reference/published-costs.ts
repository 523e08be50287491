/**
 * What instructions cost, by their names: written by hand from the published
 * table, apart from the one that metering uses.
 */

const named = (fuel: number, names: string): (readonly [string, number])[] =>
  names.split(/\s+/).map((name) => [name, fuel] as const);

const COSTS: ReadonlyMap<string, number> = new Map([
  ...named(0, 'unreachable nop block loop else end try catch catch_all delegate drop local.get'),
  ...named(0, 'i32.const i64.const f32.const f64.const'),
  ...named(2, 'if br_if br_table'),
  ...named(5, 'call return_call'),
  ...named(8, 'call_indirect return_call_indirect'),
  ...named(2, 'i32.clz i32.ctz i32.popcnt i64.clz i64.ctz i64.popcnt'),
  ...named(8, 'i32.div_s i32.div_u i64.div_s i64.div_u'),
  ...named(10, 'i32.rem_s i32.rem_u i64.rem_s i64.rem_u f32.div f64.div f32.sqrt f64.sqrt'),
  ...named(5, 'f32.ceil f32.floor f32.trunc f32.nearest f64.ceil f64.floor f64.trunc f64.nearest'),
  ...named(3, 'f32.min f32.max f32.copysign f64.min f64.max f64.copysign'),
  ...named(4, 'table.get'),
  ...named(50, 'table.set'),
  ...named(2_000, 'throw rethrow'),
  ...named(500, 'memory.grow table.grow'),
  ...named(40, 'memory.init memory.copy memory.fill table.init table.copy table.fill'),
  ...named(5, 'i8x16.popcnt i8x16.shl i8x16.shr_s i8x16.shr_u i32x4.mul i64x2.mul'),
]);

const LOAD = /^[if](32|64)\.load/;
const CONVERSION = /^[if](32|64)\.(trunc_(sat_)?f|convert_i|demote_f|promote_f)/;
const SLOW_VECTOR =
  /^(f32x4|f64x2)\.(div|sqrt|p?min|p?max|ceil|floor|trunc|nearest|convert_|demote_|promote_)|^i32x4\.trunc_sat_/;
const VECTOR = /^(v128|[if]\d+x\d+)\./;

/** Fuel of an instruction, apart from what its size costs. */
export function costOf(name: string): number {
  const cost = COSTS.get(name);
  if (cost !== undefined) return cost;
  if (LOAD.test(name)) return 2;
  if (CONVERSION.test(name)) return 6;
  if (VECTOR.test(name)) return SLOW_VECTOR.test(name) ? 10 : 2;
  return 1;
}

/** Fuel of filling, copying or initialising this many bytes of memory. */
export function costOfBytes(count: number): number {
  return Math.floor(count / 8);
}

/** Fuel of each entry of a table that is filled, copied, initialised or gained. */
export const ENTRY_COST = 32;

/** Fuel of each page of memory that is gained. */
export const PAGE_COST = 65_536;
