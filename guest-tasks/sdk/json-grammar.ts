/**
 * The grammar of JSON (RFC 8259) over bytes in memory.
 *
 * `isJson` reads input that nobody has checked; the other functions walk
 * input that `isJson` accepted. Nothing recurses: a payload chooses its depth.
 */

/** Deepest nesting read, one bit of a 64-bit word per level. Device payloads nest three or four. */
export const MAX_DEPTH: i32 = 64;

const QUOTE: u8 = 0x22;
const COMMA: u8 = 0x2c;
const COLON: u8 = 0x3a;
const BACKSLASH: u8 = 0x5c;
const OPEN_ARRAY: u8 = 0x5b;
const CLOSE_ARRAY: u8 = 0x5d;
const OPEN_OBJECT: u8 = 0x7b;
const CLOSE_OBJECT: u8 = 0x7d;

/** Whether [from, end) is one JSON value nested at most `MAX_DEPTH` deep. Text in strings is not checked as UTF-8. */
export function isJson(from: usize, end: usize): bool {
  let depth = 0;
  // Bit 0 tells of the innermost level: 1 for an object, 0 for an array.
  let objects: u64 = 0;
  let at = skipSpace(from, end);
  while (true) {
    // A value begins here.
    if (at >= end) return false;
    const first = load<u8>(at);
    if (first == OPEN_OBJECT || first == OPEN_ARRAY) {
      if (depth == MAX_DEPTH) return false;
      const isObject = first == OPEN_OBJECT;
      depth++;
      objects = (objects << 1) | (isObject ? 1 : 0);
      at = skipSpace(at + 1, end);
      const close = isObject ? CLOSE_OBJECT : CLOSE_ARRAY;
      if (at >= end || load<u8>(at) != close) {
        if (isObject) {
          at = afterName(at, end);
          if (at == 0) return false;
        }
        continue;
      }
      // Empty: falls through to the closing below.
    } else {
      at = afterScalar(at, end);
      if (at == 0) return false;
      at = skipSpace(at, end);
    }
    // A value has ended here, or an empty container is about to.
    while (true) {
      if (depth == 0) return at == end;
      if (at >= end) return false;
      const next = load<u8>(at);
      const isObject = (objects & 1) != 0;
      if (next == COMMA) {
        at = skipSpace(at + 1, end);
        if (isObject) {
          at = afterName(at, end);
          if (at == 0) return false;
        }
        break;
      }
      if (next != (isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) return false;
      depth--;
      objects >>= 1;
      at = skipSpace(at + 1, end);
    }
  }
}

export function skipSpace(at: usize, end: usize): usize {
  while (at < end) {
    const byte = load<u8>(at);
    if (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09) break;
    at++;
  }
  return at;
}

/** The address of the value after a name and its colon, or 0. */
function afterName(at: usize, end: usize): usize {
  if (at >= end || load<u8>(at) != QUOTE) return 0;
  at = afterString(at, end);
  if (at == 0) return 0;
  at = skipSpace(at, end);
  if (at >= end || load<u8>(at) != COLON) return 0;
  return skipSpace(at + 1, end);
}

function afterScalar(at: usize, end: usize): usize {
  const first = load<u8>(at);
  if (first == QUOTE) return afterString(at, end);
  const left = end - at;
  // "true", "null" and "alse" as little-endian words.
  if (first == 0x74) return left >= 4 && load<u32>(at) == 0x65757274 ? at + 4 : 0;
  if (first == 0x6e) return left >= 4 && load<u32>(at) == 0x6c6c756e ? at + 4 : 0;
  if (first == 0x66) return left >= 5 && load<u32>(at + 1) == 0x65736c61 ? at + 5 : 0;
  return afterNumber(at, end);
}

/** The address after the string whose opening quote is at `at`, or 0. */
function afterString(at: usize, end: usize): usize {
  at++;
  while (at < end) {
    const byte = load<u8>(at++);
    if (byte == QUOTE) return at;
    if (byte < 0x20) return 0;
    if (byte != BACKSLASH) continue;
    if (at >= end) return 0;
    const escape = load<u8>(at++);
    if (escape == 0x75) {
      if (end - at < 4) return 0;
      for (let i: usize = 0; i < 4; i++) if (hexValue(load<u8>(at + i)) < 0) return 0;
      at += 4;
    } else if (escapedUnit(escape) == 0) return 0;
  }
  return 0;
}

/** The value of a hexadecimal digit, or -1. */
export function hexValue(byte: u8): i32 {
  if (byte - 0x30 < 10) return byte - 0x30;
  const lower = byte | 0x20;
  return lower - 0x61 < 6 ? lower - 0x57 : -1;
}

/** What a backslash and this byte stand for, or 0 when they stand for nothing. Not for \u. */
export function escapedUnit(byte: u8): u16 {
  switch (byte) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
      return byte;
    case 0x62:
      return 0x08;
    case 0x66:
      return 0x0c;
    case 0x6e:
      return 0x0a;
    case 0x72:
      return 0x0d;
    case 0x74:
      return 0x09;
    default:
      return 0;
  }
}

function skipDigits(at: usize, end: usize): usize {
  while (at < end && <u8>(load<u8>(at) - 0x30) < 10) at++;
  return at;
}

function afterNumber(at: usize, end: usize): usize {
  if (load<u8>(at) == 0x2d) at++;
  let start = at;
  at = skipDigits(at, end);
  if (at == start || (at - start > 1 && load<u8>(start) == 0x30)) return 0;
  if (at < end && load<u8>(at) == 0x2e) {
    start = ++at;
    at = skipDigits(at, end);
    if (at == start) return 0;
  }
  if (at < end && (load<u8>(at) | 0x20) == 0x65) {
    at++;
    if (at < end && (load<u8>(at) == 0x2b || load<u8>(at) == 0x2d)) at++;
    start = at;
    at = skipDigits(at, end);
    if (at == start) return 0;
  }
  return at;
}

/** In accepted input: the address after the closing quote of the string at `at`. */
export function skipString(at: usize): usize {
  at++;
  while (true) {
    const byte = load<u8>(at++);
    if (byte == QUOTE) return at;
    if (byte == BACKSLASH) at++;
  }
}

/** In accepted input: the address after the value at `at`. `end` bounds the input. */
export function skipValue(at: usize, end: usize): usize {
  let depth = 0;
  while (at < end) {
    const byte = load<u8>(at);
    if (byte == QUOTE) {
      at = skipString(at);
      if (depth == 0) return at;
    } else if (byte == OPEN_OBJECT || byte == OPEN_ARRAY) {
      depth++;
      at++;
    } else if (byte == CLOSE_OBJECT || byte == CLOSE_ARRAY) {
      // At depth 0 the value was a number or a literal, and its container ends.
      if (depth == 0) return at;
      at++;
      if (--depth == 0) return at;
    } else {
      if (depth == 0 && (byte == COMMA || byte <= 0x20)) return at;
      at++;
    }
  }
  return at;
}

/** In accepted input: the address of the value that belongs to the name at `at`. */
export function skipName(at: usize, end: usize): usize {
  return skipSpace(skipSpace(skipString(at), end) + 1, end);
}

/**
 * In accepted input: the address of the member or element after the value
 * that ends at `at`, or 0 when its container ends there.
 */
export function nextItem(at: usize, end: usize): usize {
  at = skipSpace(at, end);
  return load<u8>(at) == COMMA ? skipSpace(at + 1, end) : 0;
}

/** In accepted input: the address of the first member or element of the container at `at`, or 0 when it is empty. */
export function firstItem(at: usize, end: usize): usize {
  at = skipSpace(at + 1, end);
  const byte = load<u8>(at);
  return byte == CLOSE_OBJECT || byte == CLOSE_ARRAY ? 0 : at;
}
