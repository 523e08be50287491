/** One instruction as a link of a chain: an expression of the local `$x` for its own next value. */
export interface Probe {
  readonly name: string;
  readonly type: 'i32' | 'i64' | 'f32' | 'f64' | 'v128';
  readonly link: string;
  /** Module fields it needs. */
  readonly extra?: string;
}

const x = '(local.get $x)';
const i32 = (name: string, link: string): Probe => ({ name, type: 'i32', link });
const i64 = (name: string, link: string): Probe => ({ name, type: 'i64', link });
const f64 = (name: string, link: string): Probe => ({ name, type: 'f64', link });
const f32 = (name: string, link: string): Probe => ({ name, type: 'f32', link });
const v128 = (name: string, link: string): Probe => ({ name, type: 'v128', link });

const binary = (
  make: (name: string, link: string) => Probe,
  type: string,
  names: readonly string[],
  other: string,
): Probe[] => names.map((name) => make(`${type}.${name}`, `(${type}.${name} ${x} ${other})`));
const unary = (make: (name: string, link: string) => Probe, type: string, names: readonly string[]): Probe[] =>
  names.map((name) => make(`${type}.${name}`, `(${type}.${name} ${x})`));

/** A bulk instruction of a size, with `$x` kept. */
const bulk = (name: string, code: string): Probe => i32(name, `(block (result i32) ${code} ${x})`);

export const PROBES: readonly Probe[] = [
  i32('i32.add', `(i32.add ${x} (local.get $i))`),
  i32('i32.xor, shl', `(i32.xor (i32.shl ${x} (i32.const 1)) (local.get $i))`),
  i32('i32.load', `(i32.load (i32.and ${x} (i32.const 0xffc)))`),
  i32('i32.lt_s, select', `(select (local.get $i) (i32.const 5) (i32.lt_s ${x} (i32.const 3)))`),
  ...binary(i32, 'i32', ['mul', 'rotl', 'shr_u'], '(i32.add (local.get $i) (i32.const 77))'),
  ...unary(i32, 'i32', ['clz', 'ctz', 'popcnt', 'eqz', 'extend8_s']),
  ...binary(i32, 'i32', ['div_s', 'div_u', 'rem_s', 'rem_u'], '(i32.or (local.get $i) (i32.const 7))'),
  ...binary(i64, 'i64', ['add', 'mul', 'rotl'], '(i64.add (local.get $j) (i64.const 77))'),
  ...unary(i64, 'i64', ['clz', 'popcnt']),
  ...binary(i64, 'i64', ['div_s', 'div_u', 'rem_s', 'rem_u'], '(i64.or (local.get $j) (i64.const 7))'),
  ...binary(f64, 'f64', ['add', 'mul', 'min', 'max', 'copysign'], '(f64.add (local.get $d) (f64.const 1))'),
  ...binary(f64, 'f64', ['div'], '(f64.add (local.get $d) (f64.const 1.0000001))'),
  ...unary(f64, 'f64', ['sqrt', 'abs', 'ceil', 'nearest']),
  ...binary(f32, 'f32', ['add', 'div', 'min'], '(f32.add (local.get $s) (f32.const 1))'),
  ...unary(f32, 'f32', ['sqrt']),
  f64('f64.convert_i32_u of i32.trunc_f64_u', `(f64.convert_i32_u (i32.trunc_f64_u ${x}))`),
  f64('f64.convert_i32_s of i32.trunc_sat_f64_s', `(f64.convert_i32_s (i32.trunc_sat_f64_s ${x}))`),
  f64('f64.convert_i64_u of i64.trunc_sat_f64_u', `(f64.convert_i64_u (i64.trunc_sat_f64_u ${x}))`),
  f64('f64.convert_i64_s of i64.trunc_f64_s', `(f64.convert_i64_s (i64.trunc_f64_s ${x}))`),
  f64('f64.promote of f32.demote', `(f64.promote_f32 (f32.demote_f64 ${x}))`),
  i32('i32.store, i32.load', `(block (result i32) (i32.store (i32.const 64) ${x}) (i32.load (i32.const 64)))`),
  i32('i32.load8_u', `(i32.load8_u ${x})`),
  v128('v128.store, v128.load', `(block (result v128) (v128.store (i32.const 64) ${x}) (v128.load (i32.const 64)))`),
  i32('global.set, global.get', `(block (result i32) (global.set $g ${x}) (global.get $g))`),
  i32('if', `(if (result i32) ${x} (then (local.get $i)) (else (i32.const 1)))`),
  i32(
    'br_table',
    `(block $a (result i32) (block $b (block $c (br_table $b $c $b $c $b $c $b $c $b $c (i32.and ${x} (i32.const 7)))) (br $a (i32.const 3))) (i32.const 4))`,
  ),
  i32('call', `(call $leaf ${x})`),
  i32('call_indirect', `(call_indirect $t (type $v) ${x} (i32.const 0))`),
  i32('table.get, ref.is_null', `(ref.is_null (table.get $t (i32.and ${x} (i32.const 1))))`),
  i32('table.set', `(block (result i32) (table.set $t (i32.const 3) (table.get $t (i32.const 0))) ${x})`),
  i32('ref.func', `(ref.is_null (ref.func $leaf))`),
  i32('memory.size', `(i32.add ${x} (memory.size))`),
  i32('memory.grow by 0', `(memory.grow (i32.and ${x} (i32.const 0)))`),
  i32('table.grow by 0', `(table.grow $t (ref.null func) (i32.and ${x} (i32.const 0)))`),
  // Filling nothing is done as copying nothing when metered: glibc takes 90 ns for it.
  ...[8, 64, 4_096, 65_536].flatMap((size) => [
    bulk(`memory.fill of ${size}`, `(memory.fill (i32.const 0) (i32.const 1) (i32.const ${size}))`),
    bulk(`memory.copy of ${size}`, `(memory.copy (i32.const 100) (i32.const 70000) (i32.const ${size}))`),
  ]),
  bulk('memory.init of 16', '(memory.init $d (i32.const 0) (i32.const 0) (i32.const 16))'),
  ...[0, 60].flatMap((size) => [
    bulk(`table.fill of ${size}`, `(table.fill $t (i32.const 1) (ref.null func) (i32.const ${size}))`),
    bulk(`table.copy of ${size}`, `(table.copy $t $t (i32.const 1) (i32.const 2) (i32.const ${size}))`),
  ]),
  bulk('table.init of 2', '(table.init $t $e (i32.const 1) (i32.const 0) (i32.const 2))'),
  ...binary(v128, 'i8x16', ['add', 'swizzle', 'avgr_u'], x),
  ...binary(v128, 'i32x4', ['mul'], x),
  ...binary(v128, 'i64x2', ['mul', 'add'], x),
  ...binary(v128, 'f64x2', ['div', 'min', 'mul'], x),
  ...binary(v128, 'f32x4', ['div', 'max'], x),
  ...unary(v128, 'f64x2', ['sqrt', 'nearest', 'convert_low_i32x4_u']),
  ...unary(v128, 'i32x4', ['trunc_sat_f32x4_u', 'trunc_sat_f64x2_u_zero']),
  ...unary(v128, 'i8x16', ['popcnt', 'abs']),
  v128('i8x16.shr_s', `(i8x16.shr_s ${x} (i32.const 3))`),
  v128('i64x2.shr_s', `(i64x2.shr_s ${x} (i32.const 3))`),
  v128('i8x16.shuffle', `(i8x16.shuffle 0 9 2 3 4 5 6 7 8 1 10 11 12 13 14 15 ${x} ${x})`),
  v128('i32x4.extract_lane, splat', `(i32x4.splat (i32x4.extract_lane 1 ${x}))`),
  v128('i8x16.bitmask, splat', `(i8x16.splat (i8x16.bitmask ${x}))`),
  bulk('host call', '(call $host)'),
];
