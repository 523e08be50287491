/**
 * A component that hides a secret wherever a guest can keep something, those
 * places included that no compiler would use, or tells what it finds of one.
 */
import { taskComponent } from '../runtime/wat-component.js';

/** The payload's first byte. */
export const ORDER = { hide: 'h', hideAndTrap: 't', grow: 'g', drop: 'd', find: 'f' } as const;

/** What can be found: one bit each in the first unit of the answer, from the lowest. */
export const PLACES = [
  'memory that was there',
  'more memory than there was',
  'an i32 or i64 global',
  'a float global',
  'a vector global',
  'a reference global',
  'an entry of a table',
  'more entries than there were',
  'another table',
  'the number of the next handle',
  'bytes of a segment',
] as const;

/** The answer's first unit is this and the bits; the second is drawn from the clock and the random numbers. */
export const ANSWER_BASE = 0x1000;

const SECRET = '0x5ec8e7';
/** The payload and the results of host calls lie below; `$kept` begins as data, the rest as zeros. */
const SEARCHED = 2_048;
const DATA = 4_096;
const OPENED = 600;

const found = (bit: number, condition: string): string =>
  `(local.set $found (i32.or (local.get $found) (i32.shl (i32.ne (i32.const 0) ${condition}) (i32.const ${bit}))))`;

const order = (name: keyof typeof ORDER): string =>
  `(i32.eq (local.get $order) (i32.const ${ORDER[name].charCodeAt(0)}))`;

const IMPORTS = `
  (import "wasi:random/random@0.2.0" "get-random-u64" (func $random (result i64)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))
  (import "wasi:keyvalue/store@0.2.0-draft" "open" (func $open (param i32 i32 i32)))`;

const FIELDS = `
  (global $i (export "i") (mut i32) (i32.const 1)) (global $l (export "l") (mut i64) (i64.const 2))
  (global $s (mut f32) (f32.const 3)) (global $d (mut f64) (f64.const 4))
  (global $v (mut v128) (v128.const i64x2 5 6)) (global $r (mut funcref) (ref.null func))
  (global $start (mut i32) (i32.const 0))
  (table $t (export "t") 3 16 funcref) (table $u 2 2 funcref)
  (elem (table $t) (i32.const 1) func $seven) (elem $passive func $secret $secret)
  (data (i32.const ${DATA}) "pristine") (data $segment "bytes") (data (i32.const 64) "d\\00e\\00f\\00a\\00u\\00l\\00t\\00")
  (start $begin)
  ;; What the start function does is there at the beginning, not what the module says.
  (func $begin (global.set $start (i32.const 8)) (i64.store (i32.const 8192) (i64.const 9)) (table.set $u (i32.const 1) (ref.func $seven)))
  (func $seven (result i32) (i32.const 7))
  (func $secret (result i32) (i32.const ${SECRET}))
  (func $openBucket (result i32) (call $open (i32.const 64) (i32.const 7) (i32.const ${OPENED})) (i32.load (i32.const ${OPENED + 4})))
  (func $end (result i32) (i32.mul (memory.size) (i32.const 65536)))

  (func $hide (local $at i32)
    (local.set $at (i32.const ${SEARCHED}))
    (loop $all
      (i32.store (local.get $at) (i32.const ${SECRET}))
      (local.set $at (i32.add (local.get $at) (i32.const 508)))
      (br_if $all (i32.lt_u (local.get $at) (i32.sub (call $end) (i32.const 4)))))
    (i32.store8 (i32.sub (call $end) (i32.const 1)) (i32.const 255))
    (memory.fill (i32.const ${DATA}) (i32.const 255) (i32.const 8))
    (global.set $i (i32.const ${SECRET})) (global.set $l (i64.const ${SECRET}))
    (global.set $s (f32.const ${SECRET})) (global.set $d (f64.const ${SECRET}))
    (global.set $v (v128.const i64x2 5 ${SECRET})) (global.set $r (ref.func $secret)) (global.set $start (i32.const ${SECRET}))
    (table.set $t (i32.const 0) (ref.func $secret)) (table.set $t (i32.const 1) (ref.null func))
    (table.copy $t $u (i32.const 2) (i32.const 1) (i32.const 1)) (table.set $u (i32.const 1) (ref.func $secret))
    (drop (call $openBucket)) (drop (call $openBucket)) (drop (call $random)) (drop (call $now)))

  (func $memorySum (result i64) (local $at i32) (local $sum i64)
    (local.set $at (i32.const ${SEARCHED}))
    (loop $all
      (local.set $sum (i64.add (i64.rotl (local.get $sum) (i64.const 1)) (i64.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $all (i32.lt_u (local.get $at) (call $end))))
    (local.get $sum))

  (func $find (result i32) (local $found i32)
    ;; The data and what the start function wrote are there, and must be; the rest is zero.
    ${found(0, `(i32.or (i64.ne (i64.load (i32.const ${DATA})) (i64.load (i32.const 512))) (i64.ne (i64.load (i32.const 8192)) (i64.const 9)))`)}
    (i64.store (i32.const ${DATA}) (i64.const 0)) (i64.store (i32.const 8192) (i64.const 0))
    ${found(0, '(i64.ne (call $memorySum) (i64.const 0))')}
    ${found(1, '(i32.ne (memory.size) (i32.const 2))')}
    ${found(2, '(i32.or (i32.or (i32.ne (global.get $i) (i32.const 1)) (i64.ne (global.get $l) (i64.const 2))) (i32.ne (global.get $start) (i32.const 8)))')}
    ${found(3, '(i32.or (f32.ne (global.get $s) (f32.const 3)) (f64.ne (global.get $d) (f64.const 4)))')}
    ${found(4, '(i64.ne (i64x2.extract_lane 1 (global.get $v)) (i64.const 6))')}
    ${found(5, '(i32.eqz (ref.is_null (global.get $r)))')}
    ${found(6, '(i32.eqz (ref.is_null (table.get $t (i32.const 0))))')}
    ${found(6, '(ref.is_null (table.get $t (i32.const 1)))')}
    ${found(6, '(i32.eqz (ref.is_null (table.get $t (i32.const 2))))')}
    ${found(7, '(i32.ne (table.size $t) (i32.const 3))')}
    ${found(8, '(i32.ne (call_indirect $u (result i32) (i32.const 1)) (i32.const 7))')}
    ${found(9, '(i32.ne (call $openBucket) (i32.const 1))')}
    ;; Traps when they were dropped.
    (memory.init $segment (i32.const 528) (i32.const 0) (i32.const 5)) (table.init $t $passive (i32.const 0) (i32.const 0) (i32.const 2))
    ${found(10, '(i32.ne (i32.load8_u (i32.const 528)) (i32.const 98))')}
    (local.get $found))

  (func $answer (param $found i32) (result i32)
    (i32.store16 (i32.const 544) (i32.add (i32.const ${ANSWER_BASE}) (local.get $found)))
    (i32.store16 (i32.const 546) (i32.and (i32.const 0x7fff) (i32.wrap_i64 (i64.xor (call $random) (call $now)))))
    (i32.store8 (i32.const 0) (i32.const 1)) (i32.store (i32.const 4) (i32.const 544)) (i32.store (i32.const 8) (i32.const 2))
    (i32.const 0))`;

const BODY = `(local $order i32)
    (local.set $order (i32.load8_u (i32.const 1024)))
    (i64.store (i32.const 512) (i64.const 0x656e697473697270))
    (if ${order('find')} (then (return (call $answer (call $find)))))
    (if ${order('grow')} (then (drop (memory.grow (i32.const 1))) (drop (table.grow $t (ref.func $secret) (i32.const 2)))))
    (if ${order('drop')} (then (data.drop $segment) (elem.drop $passive)))
    (call $hide)
    (if ${order('hideAndTrap')} (then unreachable))`;

/** @param withDrops Whether it has the instructions that drop segments, which make an instance one that is not reset. */
export function secretHider({ withDrops }: { readonly withDrops: boolean }): Promise<Uint8Array> {
  const body = withDrops ? BODY : BODY.replace('(data.drop $segment) (elem.drop $passive)', '');
  return taskComponent({ memory: 2, imports: IMPORTS, fields: FIELDS, body });
}
