/**
 * How values cross between a task and its host: the only file of the SDK that
 * knows memory layouts.
 *
 * The rules are the component model's Canonical ABI, with strings as UTF-16
 * (https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md).
 *
 * Parameters are passed flat:
 *
 *   string            (address, code units)
 *   list<u8>          (address, bytes)
 *   option<string>    (0 | 1, address, code units)
 *   borrow<bucket>    handle
 *
 * Results that do not fit one core value are written by the host to an area
 * whose address is the last parameter. Offsets in bytes, `disc` is one byte:
 *
 *   string, list<u8>
 *      0 address | 4 length
 *   option<string>
 *      0 disc | 4 address | 8 length
 *   result<_, string>
 *      0 disc | 4 error address | 8 error length
 *   result<handle, error>, result<bool, error>, result<_, error>
 *      0 disc | 4 handle, bool
 *             | 4 error disc | 8 error address | 12 error length
 *   result<option<string | list<u8>>, error>
 *      0 disc | 4 option disc | 8 address | 12 length
 *             | 4 error disc  | 8 error address | 12 error length
 *   result<u64, error>
 *      0 disc | 8 number
 *             | 8 error disc | 12 error address | 16 error length
 *   result<key-response, error>
 *      0 disc | 8 keys address | 12 keys length | 16 cursor disc | 24 cursor
 *             | 8 error disc | 12 error address | 16 error length
 *   datetime
 *      0 seconds (u64) | 8 nanoseconds (u32)
 *
 * Values that the host makes for the task are put where `cabi_realloc` says.
 * It hands out managed objects, strings for alignment 2 and array buffers for
 * all else, so that what arrives is used in place, without a copy.
 */
import { OBJECT, TOTAL_OVERHEAD } from "rt/common";

/** The largest area above, 8-byte aligned. One is enough: no host call is made while another is under way. */
export const RESULT: usize = memory.data(32, 8);

/** The area that `handle-message` answers with: result<_, string>. */
const ANSWER: usize = memory.data(12, 8);

/** `cabi_realloc`: memory for a value that the host is about to write. */
export function reallocate(old: usize, alignment: usize, bytes: usize): usize {
  if (old != 0) return __renew(old, bytes);
  return __pin(__new(bytes, alignment == 2 ? idof<string>() : idof<ArrayBuffer>()));
}

function isObject(at: usize, bytes: usize, id: u32): bool {
  const object = changetype<OBJECT>(at - TOTAL_OVERHEAD);
  return object.rtId == id && object.rtSize == <u32>bytes;
}

/** A string the host wrote at `at`. */
export function takeString(at: usize, units: usize): string {
  if (units == 0) return "";
  if (isObject(at, units << 1, idof<string>())) {
    __unpin(at);
    return changetype<string>(at);
  }
  const copy = changetype<string>(__new(units << 1, idof<string>()));
  memory.copy(changetype<usize>(copy), at, units << 1);
  return copy;
}

/** Bytes the host wrote at `at`. */
export function takeBytes(at: usize, bytes: usize): ArrayBuffer {
  if (bytes == 0) return new ArrayBuffer(0);
  if (isObject(at, bytes, idof<ArrayBuffer>())) {
    __unpin(at);
    return changetype<ArrayBuffer>(at);
  }
  const copy = new ArrayBuffer(<i32>bytes);
  memory.copy(changetype<usize>(copy), at, bytes);
  return copy;
}

/** The code units of a string, as a parameter. */
export function unitsOf(text: string): usize {
  return <usize>text.length;
}

/** Whether the first discriminant of `RESULT` says ok, or some. */
export function discriminant(offset: usize = 0): u8 {
  return load<u8>(RESULT + offset);
}

export function stringAt(offset: usize): string {
  return takeString(load<usize>(RESULT + offset), load<usize>(RESULT + offset + 4));
}

export function bytesAt(offset: usize): ArrayBuffer {
  return takeBytes(load<usize>(RESULT + offset), load<usize>(RESULT + offset + 4));
}

/** The strings of a list<string> whose address and length are at `offset`. */
export function stringsAt(offset: usize): string[] {
  const list = load<usize>(RESULT + offset);
  const length = load<i32>(RESULT + offset + 4);
  const strings = new Array<string>(length);
  for (let i = 0; i < length; i++) {
    const item = list + ((<usize>i) << 3);
    strings[i] = takeString(load<usize>(item), load<usize>(item + 4));
  }
  return strings;
}

export function handleAt(offset: usize): i32 {
  return load<i32>(RESULT + offset);
}

export function u64At(offset: usize): u64 {
  return load<u64>(RESULT + offset);
}

export function u32At(offset: usize): u32 {
  return load<u32>(RESULT + offset);
}

/** What `handle-message` returns for ok. */
export function answerOk(): usize {
  store<u8>(ANSWER, 0);
  return ANSWER;
}

/** What `handle-message` returns for an error. The caller keeps `message` alive. */
export function answerError(message: string): usize {
  store<u8>(ANSWER, 1);
  store<usize>(ANSWER, changetype<usize>(message), 4);
  store<usize>(ANSWER, unitsOf(message), 8);
  return ANSWER;
}
