/**
 * Guests that never end by themselves, each in the middle of something else:
 * among them what V8 does not interrupt, and calls that give the host much to do.
 */
import {
  EXISTS,
  forever,
  GET_MANY,
  HANDLE,
  i32s,
  KEYS,
  LOG,
  NAMES,
  OPEN,
  OPENED,
  PUBLISH,
  RANDOM,
  SET,
} from './guest-calls.js';
import { taskComponent, type CoreParts } from './wat-component.js';

const MiB = 1024 * 1024;

/** Of memory, from the start. */
const PAGES = 400;

/** Looks at the key "1", which the host can see. */
const BEGIN = `${OPENED} (call $exists ${HANDLE} ${i32s(272, 1, 544)})`;

const TABLES = '(table $t 200000 funcref) (table $u 200000 funcref) (elem $e func $nothing $nothing) (func $nothing)';
const FROM = 65_536;

/** Text that the data of the segment $d is. */
const SEGMENT = `(data $d "${'x'.repeat(60_000)}")`;

/** By what they do for ever. */
export const ENDLESS_GUESTS: Readonly<Record<string, CoreParts>> = {
  'an empty loop': { body: forever('') },
  'a loop of loops': { body: forever('(loop (nop)) (block (br 0))') },
  'memory.fill of 16 MiB': { body: forever(`(memory.fill ${i32s(FROM, 7, 16 * MiB)})`) },
  'memory.copy of 8 MiB, upwards and downwards': {
    body: forever(
      `(memory.copy ${i32s(FROM, FROM + 8 * MiB, 8 * MiB)}) (memory.copy ${i32s(FROM + MiB, FROM, 8 * MiB)})`,
    ),
  },
  'memory.init': { fields: SEGMENT, body: forever(`(memory.init $d ${i32s(FROM, 0, 60_000)})`) },
  'table.fill': {
    fields: TABLES,
    body: forever('(table.fill $t (i32.const 0) (ref.func $nothing) (i32.const 200000))'),
  },
  'table.copy': { fields: TABLES, body: forever(`(table.copy $t $u ${i32s(0, 0, 200_000)})`) },
  'table.init': { fields: TABLES, body: forever(`(table.init $t $e ${i32s(0, 0, 2)})`) },
  'memory.grow that fails': { body: forever('(drop (memory.grow (i32.const 65000)))') },
  'memory.grow by nothing': { body: forever('(drop (memory.grow (i32.const 0)))') },
  'table.grow that fails': {
    fields: TABLES,
    body: forever('(drop (table.grow $t (ref.null func) (i32.const 9000000)))'),
  },
  'table.grow by nothing': { fields: TABLES, body: forever('(drop (table.grow $t (ref.null func) (i32.const 0)))') },
  'an indirect call': {
    fields: `${TABLES} (type $void (func)) (elem (table $t) (i32.const 0) func $nothing)`,
    body: forever('(call_indirect $t (type $void) (i32.const 0))'),
  },
  'br_table back to the loop': { body: '(loop $again (br_table $again $again $again (i32.const 1)))' },
  'a tail call of itself': { fields: '(func $again (return_call $again))', body: '(call $again)' },
  'recursion that branches, without a loop': {
    fields: `(func $fib (param i32) (result i32) (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))`,
    body: '(drop (call $fib (i32.const 90)))',
  },
  'a host call': { imports: LOG, body: forever(`(call $log ${i32s(0, 0, 0, 0, 0)})`) },
  'a host call with 8 MiB of text': { imports: LOG, body: forever(`(call $log ${i32s(0, 0, 0, FROM, 4 * MiB)})`) },
  'publishing to a topic that is none': {
    imports: PUBLISH,
    body: forever(`(call $publish ${i32s(FROM, 60_000, 0, 0, 0, 0, 0, 512)})`),
  },
  'setting a key that is too long': {
    imports: SET,
    body: forever(`(call $set ${HANDLE} ${i32s(FROM, 30_000, 0, 60_000, 600)})`),
  },
  'listing keys': { imports: KEYS, body: forever(`(call $keys ${HANDLE} ${i32s(0)} (i64.const 0) (i32.const 600))`) },
  'getting many keys': { imports: GET_MANY, body: forever(`(call $getMany ${HANDLE} ${i32s(FROM, 4_000, 600)})`) },
  'as many random bytes as memory has': {
    imports: RANDOM,
    body: forever('(call $random (i64.const 1048576) (i32.const 600))'),
    realloc: '(i32.const 65536)',
  },
};

/** One of them as a component. It looks at the key "1" of its bucket "default" first, which the host can see. */
export function endlessGuest(what: string): Promise<Uint8Array> {
  const guest = ENDLESS_GUESTS[what];
  if (guest === undefined) throw new Error(`There is no endless guest "${what}"`);
  const { imports = '', fields = '', body = '', ...rest } = guest;
  return taskComponent({
    memory: PAGES,
    ...rest,
    imports: imports + OPEN + EXISTS,
    fields: NAMES + fields,
    body: `${BEGIN} ${body}`,
  });
}
