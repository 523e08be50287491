/** JSON strings and numbers to values, in input that `isJson` accepted. */
import { escapedUnit, hexValue } from "./json-grammar";
import { decodeUtf8 } from "./utf8";

const BACKSLASH: u8 = 0x5c;

function hasEscape(from: usize, end: usize): bool {
  for (; from < end; from++) if (load<u8>(from) == BACKSLASH) return true;
  return false;
}

/** The text between the quotes [from, end). */
export function decodeString(from: usize, end: usize): string {
  const text = decodeUtf8(from, end - from);
  return hasEscape(from, end) ? unescape(text) : text;
}

function unescape(text: string): string {
  // An escape is never shorter than what it stands for.
  const out = new Uint16Array(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    let unit = <u16>text.charCodeAt(i);
    if (unit == BACKSLASH) {
      const escape = <u8>text.charCodeAt(++i);
      if (escape == 0x75) {
        unit = 0;
        for (let k = 0; k < 4; k++) unit = (unit << 4) | <u16>hexValue(<u8>text.charCodeAt(++i));
      } else unit = escapedUnit(escape);
    }
    unchecked((out[length++] = unit));
  }
  return String.UTF16.decodeUnsafe(out.dataStart, (<usize>length) << 1);
}

/** Whether the string [from, end) stands for `name`. */
export function equalsName(from: usize, end: usize, name: string): bool {
  const units = <usize>name.length;
  let i: usize = 0;
  for (let at = from; at < end; at++, i++) {
    const byte = load<u8>(at);
    // Names in escapes or beyond ASCII are rare enough to be decoded.
    if (byte == BACKSLASH || byte >= 0x80) return decodeString(from, end) == name;
    if (i >= units || load<u16>(changetype<usize>(name) + (i << 1)) != byte) return false;
  }
  return i == units;
}

/** Powers of ten that a double holds exactly. */
const EXACT_POWER: i32 = 22;
const POWERS: StaticArray<f64> = [
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
  1e18, 1e19, 1e20, 1e21, 1e22,
];

/**
 * The number [from, end); infinite when it is too large for a double.
 *
 * A mantissa below 2^53 and a power of ten up to 22 are exact, so that one
 * multiplication or division rounds correctly (Clinger 1990): all that sensors
 * send. The rest is left to the standard library, whose last bit may differ.
 */
export function decodeNumber(from: usize, end: usize): f64 {
  let at = from;
  const negative = load<u8>(at) == 0x2d;
  if (negative) at++;
  let mantissa: u64 = 0;
  let digits = 0;
  let exponent = 0;
  let inFraction = false;
  for (; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == 0x2e) {
      inFraction = true;
      continue;
    }
    const digit = <u8>(byte - 0x30);
    if (digit > 9) break;
    if (mantissa != 0 || digit != 0) digits++;
    if (digits > 18) return parseFloat(decodeUtf8(from, end - from));
    mantissa = mantissa * 10 + digit;
    if (inFraction) exponent--;
  }
  if (at < end) {
    at++;
    const sign = load<u8>(at);
    if (sign == 0x2b || sign == 0x2d) at++;
    let power = 0;
    for (; at < end; at++) power = min(power * 10 + (load<u8>(at) - 0x30), 100_000);
    exponent += sign == 0x2d ? -power : power;
  }
  if (mantissa == 0) return negative ? -0.0 : 0.0;
  if (mantissa > 9007199254740992 || exponent > EXACT_POWER || exponent < -EXACT_POWER) {
    return parseFloat(decodeUtf8(from, end - from));
  }
  const whole = <f64>mantissa;
  const value =
    exponent < 0 ? whole / unchecked(POWERS[-exponent]) : whole * unchecked(POWERS[exponent]);
  return negative ? -value : value;
}
