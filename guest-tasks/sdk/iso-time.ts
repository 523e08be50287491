/**
 * Times in payloads. The standard library's `Date.parse` traps on text that is
 * no date; this does not.
 */
import { Json, JsonKind } from "./json-reader";

/** What is answered for text that is no time. */
export const NO_TIME: i64 = i64.MIN_VALUE;

/** Reads fixed digits of an ISO 8601 time; remembers whether all of them were. */
class Digits {
  ok: bool = true;
  constructor(private text: string) {}

  number(from: i32, count: i32): i32 {
    let value = 0;
    for (let i = from; i < from + count; i++) {
      const digit = i < this.text.length ? this.text.charCodeAt(i) - 0x30 : -1;
      if (digit < 0 || digit > 9) this.ok = false;
      value = value * 10 + digit;
    }
    return value;
  }

  literal(at: i32, unit: i32): void {
    if (at >= this.text.length || this.text.charCodeAt(at) != unit) this.ok = false;
  }
}

/** Days from 1970-01-01 to a day of the proleptic Gregorian calendar (H. Hinnant, chrono-compatible date algorithms). */
function daysFromCivil(year: i32, month: i32, day: i32): i32 {
  const y = month <= 2 ? year - 1 : year;
  const era = (y >= 0 ? y : y - 399) / 400;
  const yearOfEra = y - era * 400;
  const dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}

function daysInMonth(year: i32, month: i32): i32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/**
 * Milliseconds since 1970 (UTC) of `2026-11-21T20:03:00Z`, with an optional
 * fraction of a second and an offset such as `+01:00` in place of the Z;
 * `NO_TIME` for anything else.
 */
export function parseIsoTime(text: string): i64 {
  const digits = new Digits(text);
  const year = digits.number(0, 4);
  digits.literal(4, 0x2d);
  const month = digits.number(5, 2);
  digits.literal(7, 0x2d);
  const day = digits.number(8, 2);
  digits.literal(10, 0x54);
  const hour = digits.number(11, 2);
  digits.literal(13, 0x3a);
  const minute = digits.number(14, 2);
  digits.literal(16, 0x3a);
  const second = digits.number(17, 2);
  if (!digits.ok || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month))
    return NO_TIME;
  if (hour > 23 || minute > 59 || second > 59) return NO_TIME;

  let at = 19;
  let millis = 0;
  if (at < text.length && text.charCodeAt(at) == 0x2e) {
    let scale = 100;
    const start = ++at;
    for (; at < text.length; at++) {
      const digit = text.charCodeAt(at) - 0x30;
      if (digit < 0 || digit > 9) break;
      millis += digit * scale;
      scale /= 10;
    }
    if (at == start) return NO_TIME;
  }

  const zone = at < text.length ? text.charCodeAt(at) : 0;
  let offsetMinutes = 0;
  if (zone == 0x2b || zone == 0x2d) {
    offsetMinutes = digits.number(at + 1, 2) * 60 + digits.number(at + 4, 2);
    digits.literal(at + 3, 0x3a);
    if (zone == 0x2d) offsetMinutes = -offsetMinutes;
    at += 6;
  } else if (zone == 0x5a) at += 1;
  else return NO_TIME;
  if (!digits.ok || at != text.length) return NO_TIME;

  const minutes = <i64>daysFromCivil(year, month, day) * 1440 + hour * 60 + minute - offsetMinutes;
  return (minutes * 60 + second) * 1000 + millis;
}

/** A time in a payload: ISO 8601 text, or a number of milliseconds since 1970 (UTC); else `NO_TIME`. */
export function timeOf(value: Json): i64 {
  if (value.kind == JsonKind.String) return parseIsoTime(value.str());
  return value.int(NO_TIME);
}
