/**
 * What a task remembers from one event to the next. Memory is fresh for every
 * event; buckets are what stays.
 *
 * A run reads the state as it was when the run began, plus its own writes;
 * the writes are kept when the run completes and was committed.
 */
import {
  RESULT,
  bytesAt,
  discriminant,
  handleAt,
  stringAt,
  stringsAt,
  u64At,
  unitsOf,
} from "./canonical-abi";
import {
  hostBucketDelete,
  hostBucketDrop,
  hostBucketExists,
  hostBucketGet,
  hostBucketIncrement,
  hostBucketListKeys,
  hostBucketOpen,
  hostBucketSet,
} from "./imports";
import { failedWith, succeeded } from "./last-error";
import { decodeUtf8, encodeUtf8 } from "./utf8";

/** `open` gave no handle: the reason is in `lastError`. */
const NO_HANDLE: i32 = -1;

function openHandle(name: string): i32 {
  hostBucketOpen(changetype<usize>(name), unitsOf(name), RESULT);
  if (discriminant() == 0) return handleAt(4);
  failedWithError(4);
  return NO_HANDLE;
}

/** Reads the variant `error` at `offset`: no-such-store, access-denied, other(string). */
function failedWithError(offset: usize): bool {
  const kind = discriminant(offset);
  if (kind == 0) return failedWith("no such store");
  if (kind == 1) return failedWith("access denied");
  return failedWith(stringAt(offset + 4));
}

/** Whether the call behind `RESULT` succeeded; its error, if not, is at `offset`. */
function settled(offset: usize): bool {
  return discriminant() == 0 ? succeeded() : failedWithError(offset);
}

/**
 * A bucket of the manifest's `[grants.buckets]`. It holds no handle: each call
 * opens, uses and drops one, so that a run between calls can be checkpointed.
 *
 * Calls that fail answer null, false or 0 and leave the reason in `lastError`.
 */
export class Bucket {
  /** For `open`. */
  constructor(readonly name: string) {}

  /** The bytes at a key, or null when there are none. */
  get(key: string): Uint8Array | null {
    const handle = openHandle(this.name);
    if (handle == NO_HANDLE) return null;
    hostBucketGet(handle, changetype<usize>(key), unitsOf(key), RESULT);
    const value = settled(4) && discriminant(4) == 1 ? Uint8Array.wrap(bytesAt(8)) : null;
    hostBucketDrop(handle);
    return value;
  }

  set(key: string, value: Uint8Array): bool {
    const handle = openHandle(this.name);
    if (handle == NO_HANDLE) return false;
    hostBucketSet(
      handle,
      changetype<usize>(key),
      unitsOf(key),
      value.dataStart,
      value.byteLength,
      RESULT,
    );
    const done = settled(4);
    hostBucketDrop(handle);
    return done;
  }

  /** Deletes a key; true also when there was none. */
  delete(key: string): bool {
    const handle = openHandle(this.name);
    if (handle == NO_HANDLE) return false;
    hostBucketDelete(handle, changetype<usize>(key), unitsOf(key), RESULT);
    const done = settled(4);
    hostBucketDrop(handle);
    return done;
  }

  has(key: string): bool {
    const handle = openHandle(this.name);
    if (handle == NO_HANDLE) return false;
    hostBucketExists(handle, changetype<usize>(key), unitsOf(key), RESULT);
    const found = settled(4) && discriminant(4) == 1;
    hostBucketDrop(handle);
    return found;
  }

  /** Adds to the number at a key, 0 where there is none, and answers with the sum. Numbers are those of `getI64`. */
  increment(key: string, delta: i64 = 1): i64 {
    const handle = openHandle(this.name);
    if (handle == NO_HANDLE) return 0;
    hostBucketIncrement(handle, changetype<usize>(key), unitsOf(key), <u64>delta, RESULT);
    const sum = settled(8) ? <i64>u64At(8) : 0;
    hostBucketDrop(handle);
    return sum;
  }

  /** All keys, in the store's order; what was read before a failure is kept. */
  keys(): string[] {
    const keys: string[] = [];
    const handle = openHandle(this.name);
    if (handle == NO_HANDLE) return keys;
    let hasCursor = 0;
    let cursor: u64 = 0;
    do {
      hostBucketListKeys(handle, hasCursor, cursor, RESULT);
      if (!settled(8)) break;
      hasCursor = discriminant(16);
      cursor = u64At(24);
      const page = stringsAt(8);
      for (let i = 0; i < page.length; i++) keys.push(page[i]);
    } while (hasCursor);
    hostBucketDrop(handle);
    return keys;
  }

  /** Text, kept as UTF-8; null when there is none. */
  getText(key: string): string | null {
    const value = this.get(key);
    return value === null ? null : decodeUtf8(value.dataStart, <usize>value.byteLength);
  }

  setText(key: string, text: string): bool {
    return this.set(key, Uint8Array.wrap(encodeUtf8(text)));
  }

  /** A number kept in 8 bytes, little-endian; `otherwise` when there is none or it has another size. */
  getI64(key: string, otherwise: i64 = 0): i64 {
    const value = this.get(key);
    return value === null || value.byteLength != 8 ? otherwise : load<i64>(value.dataStart);
  }

  setI64(key: string, number: i64): bool {
    const value = new Uint8Array(8);
    store<i64>(value.dataStart, number);
    return this.set(key, value);
  }

  /** A number kept in 8 bytes, little-endian; `otherwise` when there is none or it has another size. */
  getF64(key: string, otherwise: f64 = 0): f64 {
    const value = this.get(key);
    return value === null || value.byteLength != 8 ? otherwise : load<f64>(value.dataStart);
  }

  setF64(key: string, number: f64): bool {
    const value = new Uint8Array(8);
    store<f64>(value.dataStart, number);
    return this.set(key, value);
  }
}

/** A bucket by the name the manifest gives it; "default" is the task's own. Makes no call to the host. */
export function open(name: string = "default"): Bucket {
  return new Bucket(name);
}
