/** The interfaces of the host as core modules import them, and their calls, for guests that are written as text. */

export const LOG = '(import "wasi:logging/logging@0.1.0-draft" "log" (func $log (param i32 i32 i32 i32 i32)))';
export const PUBLISH =
  '(import "wasmcloud:messaging/consumer@0.2.0" "publish" (func $publish (param i32 i32 i32 i32 i32 i32 i32 i32)))';
export const RANDOM = '(import "wasi:random/random@0.2.0" "get-random-bytes" (func $random (param i64 i32)))';

const STORE = 'wasi:keyvalue/store@0.2.0-draft';
const BATCH = 'wasi:keyvalue/batch@0.2.0-draft';
export const OPEN = `(import "${STORE}" "open" (func $open (param i32 i32 i32)))`;
export const GET = `(import "${STORE}" "[method]bucket.get" (func $get (param i32 i32 i32 i32)))`;
export const EXISTS = `(import "${STORE}" "[method]bucket.exists" (func $exists (param i32 i32 i32 i32)))`;
export const SET = `(import "${STORE}" "[method]bucket.set" (func $set (param i32 i32 i32 i32 i32 i32)))`;
export const KEYS = `(import "${STORE}" "[method]bucket.list-keys" (func $keys (param i32 i32 i64 i32)))`;
export const GET_MANY = `(import "${BATCH}" "get-many" (func $getMany (param i32 i32 i32 i32)))`;
export const SET_MANY = `(import "${BATCH}" "set-many" (func $setMany (param i32 i32 i32 i32)))`;
export const DELETE_MANY = `(import "${BATCH}" "delete-many" (func $deleteMany (param i32 i32 i32 i32)))`;

/** "default" in UTF-16 at 256, and the key "1" at 272. */
export const NAMES = '(data (i32.const 256) "d\\00e\\00f\\00a\\00u\\00l\\00t\\00\\00\\001\\00")';

/** Opens the bucket "default": its handle is at 516 from then on. */
export const OPENED = '(call $open (i32.const 256) (i32.const 7) (i32.const 512))';
export const HANDLE = '(i32.load (i32.const 516))';

/** Numbers as operands. */
export const i32s = (...values: readonly number[]): string => values.map((value) => `(i32.const ${value})`).join(' ');

/** Does it for ever. */
export const forever = (body: string): string => `(loop $again ${body} (br $again))`;

/** Does it so often; `$i` counts up from 0. */
export const times = (count: number, body: string): string =>
  `(local.set $i (i32.const 0)) (loop $next ${body}
    (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${count}))))`;
