/**
 * The instructions that only compute: operands in, results out, and the loads
 * and stores. Listed by name in the order of their opcodes, as the
 * specification's index does; what they take and give follows from the name.
 * https://webassembly.github.io/spec/core/appendix/index-instructions.html
 */

/** i32, i64, f32, f64, v128, funcref, externref. */
export type ValueType = 'i' | 'I' | 'f' | 'F' | 'v' | 'r' | 'e';

/** What follows the opcode: nothing, alignment and offset, a lane, both, or 16 lanes. */
type Immediates = 'none' | 'memory' | 'lane' | 'memory-lane' | 'shuffle';

export interface Operation {
  readonly name: string;
  /** The opcode, with its prefix. */
  readonly code: readonly number[];
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
  readonly immediates: Immediates;
  /** The bytes of memory that it reads or writes. */
  readonly accessBytes: number;
  /** How many lanes an immediate chooses from. */
  readonly lanes: number;
}

const LOADS = `i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u
  i64.load8_s i64.load8_u i64.load16_s i64.load16_u i64.load32_s i64.load32_u
  i32.store i64.store f32.store f64.store i32.store8 i32.store16 i64.store8 i64.store16 i64.store32`;

const COMPARISONS = 'eqz eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u';
const ARITHMETIC = 'clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr';
const FLOAT_COMPARISONS = 'eq ne lt gt le ge';
const FLOAT_ARITHMETIC = 'abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign';

const CONVERSIONS = `i32.wrap_i64 i32.trunc_f32_s i32.trunc_f32_u i32.trunc_f64_s i32.trunc_f64_u
  i64.extend_i32_s i64.extend_i32_u i64.trunc_f32_s i64.trunc_f32_u i64.trunc_f64_s i64.trunc_f64_u
  f32.convert_i32_s f32.convert_i32_u f32.convert_i64_s f32.convert_i64_u f32.demote_f64
  f64.convert_i32_s f64.convert_i32_u f64.convert_i64_s f64.convert_i64_u f64.promote_f32
  i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64
  i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s`;

const SATURATING = `i32.trunc_sat_f32_s i32.trunc_sat_f32_u i32.trunc_sat_f64_s i32.trunc_sat_f64_u
  i64.trunc_sat_f32_s i64.trunc_sat_f32_u i64.trunc_sat_f64_s i64.trunc_sat_f64_u`;

/** By opcode from 0; "-" where there is none, and v128.const, which is no operation. */
const VECTOR = `v128.load v128.load8x8_s v128.load8x8_u v128.load16x4_s v128.load16x4_u v128.load32x2_s v128.load32x2_u
  v128.load8_splat v128.load16_splat v128.load32_splat v128.load64_splat v128.store - i8x16.shuffle i8x16.swizzle
  i8x16.splat i16x8.splat i32x4.splat i64x2.splat f32x4.splat f64x2.splat
  i8x16.extract_lane_s i8x16.extract_lane_u i8x16.replace_lane i16x8.extract_lane_s i16x8.extract_lane_u
  i16x8.replace_lane i32x4.extract_lane i32x4.replace_lane i64x2.extract_lane i64x2.replace_lane
  f32x4.extract_lane f32x4.replace_lane f64x2.extract_lane f64x2.replace_lane
  ${prefixed('i8x16', without(COMPARISONS, 'eqz'))} ${prefixed('i16x8', without(COMPARISONS, 'eqz'))}
  ${prefixed('i32x4', without(COMPARISONS, 'eqz'))}
  ${prefixed('f32x4', FLOAT_COMPARISONS)} ${prefixed('f64x2', FLOAT_COMPARISONS)}
  v128.not v128.and v128.andnot v128.or v128.xor v128.bitselect v128.any_true
  v128.load8_lane v128.load16_lane v128.load32_lane v128.load64_lane
  v128.store8_lane v128.store16_lane v128.store32_lane v128.store64_lane v128.load32_zero v128.load64_zero
  f32x4.demote_f64x2_zero f64x2.promote_low_f32x4
  i8x16.abs i8x16.neg i8x16.popcnt i8x16.all_true i8x16.bitmask i8x16.narrow_i16x8_s i8x16.narrow_i16x8_u
  f32x4.ceil f32x4.floor f32x4.trunc f32x4.nearest i8x16.shl i8x16.shr_s i8x16.shr_u
  i8x16.add i8x16.add_sat_s i8x16.add_sat_u i8x16.sub i8x16.sub_sat_s i8x16.sub_sat_u f64x2.ceil f64x2.floor
  i8x16.min_s i8x16.min_u i8x16.max_s i8x16.max_u f64x2.trunc i8x16.avgr_u
  i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u i32x4.extadd_pairwise_i16x8_s i32x4.extadd_pairwise_i16x8_u
  i16x8.abs i16x8.neg i16x8.q15mulr_sat_s i16x8.all_true i16x8.bitmask i16x8.narrow_i32x4_s i16x8.narrow_i32x4_u
  i16x8.extend_low_i8x16_s i16x8.extend_high_i8x16_s i16x8.extend_low_i8x16_u i16x8.extend_high_i8x16_u
  i16x8.shl i16x8.shr_s i16x8.shr_u i16x8.add i16x8.add_sat_s i16x8.add_sat_u i16x8.sub i16x8.sub_sat_s i16x8.sub_sat_u
  f64x2.nearest i16x8.mul i16x8.min_s i16x8.min_u i16x8.max_s i16x8.max_u - i16x8.avgr_u
  i16x8.extmul_low_i8x16_s i16x8.extmul_high_i8x16_s i16x8.extmul_low_i8x16_u i16x8.extmul_high_i8x16_u
  i32x4.abs i32x4.neg - i32x4.all_true i32x4.bitmask - -
  i32x4.extend_low_i16x8_s i32x4.extend_high_i16x8_s i32x4.extend_low_i16x8_u i32x4.extend_high_i16x8_u
  i32x4.shl i32x4.shr_s i32x4.shr_u i32x4.add - - i32x4.sub - - - i32x4.mul
  i32x4.min_s i32x4.min_u i32x4.max_s i32x4.max_u i32x4.dot_i16x8_s -
  i32x4.extmul_low_i16x8_s i32x4.extmul_high_i16x8_s i32x4.extmul_low_i16x8_u i32x4.extmul_high_i16x8_u
  i64x2.abs i64x2.neg - i64x2.all_true i64x2.bitmask - -
  i64x2.extend_low_i32x4_s i64x2.extend_high_i32x4_s i64x2.extend_low_i32x4_u i64x2.extend_high_i32x4_u
  i64x2.shl i64x2.shr_s i64x2.shr_u i64x2.add - - i64x2.sub - - - i64x2.mul
  i64x2.eq i64x2.ne i64x2.lt_s i64x2.gt_s i64x2.le_s i64x2.ge_s
  i64x2.extmul_low_i32x4_s i64x2.extmul_high_i32x4_s i64x2.extmul_low_i32x4_u i64x2.extmul_high_i32x4_u
  f32x4.abs f32x4.neg - f32x4.sqrt f32x4.add f32x4.sub f32x4.mul f32x4.div f32x4.min f32x4.max f32x4.pmin f32x4.pmax
  f64x2.abs f64x2.neg - f64x2.sqrt f64x2.add f64x2.sub f64x2.mul f64x2.div f64x2.min f64x2.max f64x2.pmin f64x2.pmax
  i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u f32x4.convert_i32x4_s f32x4.convert_i32x4_u
  i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u`;

/** Vector instructions of one operand; others of vectors have two. */
const VECTOR_UNARY =
  /\.(not|abs|neg|popcnt|sqrt|ceil|floor|trunc|nearest|demote\w*|promote\w*|ext(add|end)_\w+|trunc_sat\w*|convert\w*)$/;

function words(list: string): string[] {
  return list.split(/\s+/).filter((word) => word !== '');
}

function prefixed(type: string, list: string): string {
  return words(list)
    .map((word) => `${type}.${word}`)
    .join(' ');
}

function without(list: string, word: string): string {
  return words(list)
    .filter((each) => each !== word)
    .join(' ');
}

function listed(list: string, code: (index: number) => number[]): Operation[] {
  return words(list).flatMap((name, index) => (name === '-' ? [] : [operation(name, code(index))]));
}

function operation(name: string, code: readonly number[]): Operation {
  const lanes = Number(/x(\d+)\./.exec(name)?.[1] ?? 0);
  if (/(load|store)/.test(name)) return memoryOperation(name, code);
  const [params, results] = (lanes > 0 || name.startsWith('v128') ? vectorSignature : scalarSignature)(name).split('>');
  const immediates = name === 'i8x16.shuffle' ? 'shuffle' : /_lane/.test(name) ? 'lane' : 'none';
  return { name, code, params: types(params), results: types(results), immediates, accessBytes: 0, lanes };
}

function types(letters = ''): ValueType[] {
  return Array.from(letters) as ValueType[];
}

const LETTERS: Readonly<Record<string, ValueType>> = { i32: 'i', i64: 'I', f32: 'f', f64: 'F', v128: 'v' };
const BYTES: Readonly<Record<ValueType, number>> = { i: 4, I: 8, f: 4, F: 8, v: 16, r: 0, e: 0 };

function memoryOperation(name: string, code: readonly number[]): Operation {
  const type = LETTERS[name.slice(0, name.indexOf('.'))] as ValueType;
  const bits = /(?:load|store)(\d+)/.exec(name)?.[1];
  const widens = /load(8x8|16x4|32x2)/.test(name);
  const accessBytes = widens ? 8 : bits === undefined ? BYTES[type] : Number(bits) / 8;
  const lane = name.endsWith('_lane');
  const store = name.includes('store');
  const params: ValueType[] = store || lane ? ['i', type] : ['i'];
  const immediates = lane ? 'memory-lane' : 'memory';
  return {
    name,
    code,
    params,
    results: store ? [] : [type],
    immediates,
    accessBytes,
    lanes: lane ? 16 / accessBytes : 0,
  };
}

function scalarSignature(name: string): string {
  const [type, verb = ''] = name.split('.');
  const own = LETTERS[type ?? ''] as ValueType;
  const from = /^(?:wrap|trunc|trunc_sat|convert|extend|demote|promote|reinterpret)_([if]\d+)/.exec(verb)?.[1];
  if (from !== undefined) return `${LETTERS[from] ?? ''}>${own}`;
  if (verb === 'eqz') return `${own}>i`;
  if (/^(eq|ne|[lg][te](_[su])?)$/.test(verb)) return `${own}${own}>i`;
  return /^(clz|ctz|popcnt|abs|neg|ceil|floor|trunc|nearest|sqrt|extend\d+_s)$/.test(verb)
    ? `${own}>${own}`
    : `${own}${own}>${own}`;
}

/** The type of a lane by the type of the vector. */
const LANE: Readonly<Record<string, ValueType>> = {
  i8x16: 'i',
  i16x8: 'i',
  i32x4: 'i',
  i64x2: 'I',
  f32x4: 'f',
  f64x2: 'F',
};

function vectorSignature(name: string): string {
  const [type = '', verb = ''] = name.split('.');
  const lane = LANE[type] ?? '';
  if (verb === 'splat') return `${lane}>v`;
  if (verb.startsWith('extract_lane')) return `v>${lane}`;
  if (verb === 'replace_lane') return `v${lane}>v`;
  if (verb === 'bitselect') return 'vvv>v';
  if (/^(any_true|all_true|bitmask)$/.test(verb)) return 'v>i';
  if (/^sh[lr]/.test(verb)) return 'vi>v';
  return VECTOR_UNARY.test(name) ? 'v>v' : 'vv>v';
}

/** Every operation, in the order of opcodes. */
export const OPERATIONS: readonly Operation[] = [
  ...listed(LOADS, (index) => [0x28 + index]),
  ...listed(
    [
      prefixed('i32', COMPARISONS),
      prefixed('i64', COMPARISONS),
      prefixed('f32', FLOAT_COMPARISONS),
      prefixed('f64', FLOAT_COMPARISONS),
      prefixed('i32', ARITHMETIC),
      prefixed('i64', ARITHMETIC),
      prefixed('f32', FLOAT_ARITHMETIC),
      prefixed('f64', FLOAT_ARITHMETIC),
      CONVERSIONS,
    ].join(' '),
    (index) => [0x45 + index],
  ),
  ...listed(SATURATING, (index) => [0xfc, index]),
  ...listed(VECTOR, (index) => [0xfd, ...(index < 0x80 ? [index] : [(index & 0x7f) | 0x80, index >> 7])]),
];
