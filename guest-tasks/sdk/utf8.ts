/**
 * UTF-8 to strings and back, for bytes that nobody has checked.
 *
 * The standard library's decoder expects well-formed input. This one replaces
 * each ill-formed part with U+FFFD as the WHATWG decoder does
 * (https://encoding.spec.whatwg.org/#utf-8-decoder).
 */

const REPLACEMENT: u16 = 0xfffd;

/** The UTF-8 of a string; an unpaired surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): ArrayBuffer {
  return String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE);
}

/** The text of `length` bytes at `from`. */
export function decodeUtf8(from: usize, length: usize): string {
  if (length == 0) return "";
  // No sequence has more code units than bytes.
  let text = __new(length << 1, idof<string>());
  const ascii = widenAscii(from, length, text);
  if (ascii == length) return changetype<string>(text);
  const end = decodeRest(from + ascii, from + length, text + (ascii << 1));
  // Pinned, because making it smaller may collect garbage.
  __pin(text);
  const smaller = __renew(text, end - text);
  __unpin(smaller);
  return changetype<string>(smaller);
}

/** Writes the code units of the ASCII bytes that the input begins with; answers how many. */
function widenAscii(from: usize, length: usize, to: usize): usize {
  let i: usize = 0;
  while (i + 4 <= length) {
    const four = load<u32>(from + i);
    if (four & 0x80808080) break;
    let wide = <u64>four;
    wide = (wide | (wide << 16)) & 0x0000ffff0000ffff;
    wide = (wide | (wide << 8)) & 0x00ff00ff00ff00ff;
    store<u64>(to + (i << 1), wide);
    i += 4;
  }
  while (i < length) {
    const byte = load<u8>(from + i);
    if (byte >= 0x80) break;
    store<u16>(to + (i << 1), byte);
    i++;
  }
  return i;
}

/** Decodes [from, end) to `to`; answers the address after the last code unit. */
function decodeRest(from: usize, end: usize, to: usize): usize {
  while (from < end) {
    const lead = <u32>load<u8>(from++);
    if (lead < 0x80) {
      store<u16>(to, <u16>lead);
      to += 2;
      continue;
    }
    // Continuation bytes that the lead asks for, and the range of the first of them.
    let more = 0;
    let low: u32 = 0x80;
    let high: u32 = 0xbf;
    let point: u32 = 0;
    if (lead >= 0xc2 && lead <= 0xdf) {
      more = 1;
      point = lead & 0x1f;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      more = 2;
      point = lead & 0x0f;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      more = 3;
      point = lead & 0x07;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    }
    let wellFormed = more > 0;
    while (more > 0) {
      const byte = from < end ? <u32>load<u8>(from) : 0;
      if (byte < low || byte > high) {
        wellFormed = false;
        break;
      }
      low = 0x80;
      high = 0xbf;
      point = (point << 6) | (byte & 0x3f);
      from++;
      more--;
    }
    if (!wellFormed) {
      store<u16>(to, REPLACEMENT);
      to += 2;
    } else if (point < 0x10000) {
      store<u16>(to, <u16>point);
      to += 2;
    } else {
      point -= 0x10000;
      store<u16>(to, <u16>(0xd800 | (point >> 10)));
      store<u16>(to, <u16>(0xdc00 | (point & 0x3ff)), 2);
      to += 4;
    }
  }
  return to;
}
