/**
 * Reading JSON that nobody has checked.
 *
 * The whole payload is checked once, without building anything; values are
 * found and decoded when they are asked for. Nothing here traps: malformed
 * input, a missing member and a value of another type all read as the default
 * that the caller gives.
 *
 *   const room = event.json();
 *   const celsius = room.get("temperature").num(NaN);
 *   const battery = room.get("device").get("battery").int(100);
 */
import {
  firstItem,
  isJson,
  nextItem,
  skipName,
  skipSpace,
  skipString,
  skipValue,
} from "./json-grammar";
import { decodeNumber, decodeString, equalsName } from "./json-scalar";

export enum JsonKind {
  /** No value: malformed input, no such member, no such element. */
  Missing,
  Null,
  Bool,
  Number,
  String,
  Array,
  Object,
}

/** A value within a payload, or the absence of one. */
export class Json {
  /** For the reader: `position` is 0 for a missing value. */
  constructor(
    private source: ArrayBuffer,
    private position: usize,
    private end: usize,
  ) {}

  get kind(): JsonKind {
    if (this.position == 0) return JsonKind.Missing;
    switch (load<u8>(this.position)) {
      case 0x7b:
        return JsonKind.Object;
      case 0x5b:
        return JsonKind.Array;
      case 0x22:
        return JsonKind.String;
      case 0x74:
      case 0x66:
        return JsonKind.Bool;
      case 0x6e:
        return JsonKind.Null;
      default:
        return JsonKind.Number;
    }
  }

  /** Whether there is a value; null counts as one. */
  get exists(): bool {
    return this.position != 0;
  }

  private missing(): Json {
    return new Json(this.source, 0, 0);
  }

  /** The member of an object; the first one when a name is given twice. */
  get(name: string): Json {
    if (this.kind != JsonKind.Object) return this.missing();
    let item = firstItem(this.position, this.end);
    while (item != 0) {
      const value = skipName(item, this.end);
      if (equalsName(item + 1, skipString(item) - 1, name)) {
        return new Json(this.source, value, this.end);
      }
      item = nextItem(skipValue(value, this.end), this.end);
    }
    return this.missing();
  }

  /** The element of an array, from 0. Walks the array: use `items` to visit all. */
  item(index: i32): Json {
    if (this.kind != JsonKind.Array || index < 0) return this.missing();
    let item = firstItem(this.position, this.end);
    while (item != 0 && index-- > 0) item = nextItem(skipValue(item, this.end), this.end);
    return item == 0 ? this.missing() : new Json(this.source, item, this.end);
  }

  /** The elements of an array, or the values of an object in the order of `names`. */
  items(): Json[] {
    const items: Json[] = [];
    const kind = this.kind;
    if (kind != JsonKind.Array && kind != JsonKind.Object) return items;
    let item = firstItem(this.position, this.end);
    while (item != 0) {
      const value = kind == JsonKind.Object ? skipName(item, this.end) : item;
      items.push(new Json(this.source, value, this.end));
      item = nextItem(skipValue(value, this.end), this.end);
    }
    return items;
  }

  /** The names of an object's members. */
  names(): string[] {
    const names: string[] = [];
    if (this.kind != JsonKind.Object) return names;
    let item = firstItem(this.position, this.end);
    while (item != 0) {
      names.push(decodeString(item + 1, skipString(item) - 1));
      item = nextItem(skipValue(skipName(item, this.end), this.end), this.end);
    }
    return names;
  }

  /** A number, or `otherwise` when it is none or too large for a double. */
  num(otherwise: f64 = NaN): f64 {
    if (this.kind != JsonKind.Number) return otherwise;
    const number = decodeNumber(this.position, skipValue(this.position, this.end));
    return isFinite(number) ? number : otherwise;
  }

  /** A whole number within +-(2^53 - 1), or `otherwise`. */
  int(otherwise: i64 = 0): i64 {
    const number = this.num();
    const isWhole = number == Math.trunc(number) && Math.abs(number) <= 9007199254740991.0;
    return isWhole ? <i64>number : otherwise;
  }

  bool(otherwise: bool = false): bool {
    return this.kind == JsonKind.Bool ? load<u8>(this.position) == 0x74 : otherwise;
  }

  str(otherwise: string = ""): string {
    if (this.kind != JsonKind.String) return otherwise;
    return decodeString(this.position + 1, skipString(this.position) - 1);
  }
}

/** For the SDK: reads a whole buffer. */
export function parseJsonAt(buffer: ArrayBuffer): Json {
  return read(buffer, changetype<usize>(buffer), <usize>buffer.byteLength);
}

/** Reads bytes; malformed ones, and any nested over 64 deep, as a missing value. */
export function parseJson(bytes: Uint8Array): Json {
  return read(bytes.buffer, bytes.dataStart, <usize>bytes.byteLength);
}

function read(buffer: ArrayBuffer, from: usize, length: usize): Json {
  const end = from + length;
  return isJson(from, end) ? new Json(buffer, skipSpace(from, end), end) : new Json(buffer, 0, 0);
}
