/** A place in a JSON document, as the names and indexes that lead to it; empty for the whole document. */
export type JsonPointer = readonly string[];

export type ParsedPointer =
  | { readonly ok: true; readonly pointer: JsonPointer }
  | { readonly ok: false; readonly fault: string };

/** Reads a JSON Pointer such as "/occupancy" (RFC 6901): "~1" stands for "/" in a name, "~0" for "~". */
export function parsePointer(text: string): ParsedPointer {
  if (text === '') return { ok: true, pointer: [] };
  if (!text.startsWith('/'))
    return { ok: false, fault: 'must be a JSON Pointer, which begins with "/", such as "/state"' };
  if (/~(?![01])/.test(text))
    return { ok: false, fault: 'must have "~0" for each "~" of a name, and "~1" for each "/"' };
  // "~01" is "~1": the order of the two matters (RFC 6901, section 4).
  const pointer = text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  return { ok: true, pointer };
}

/** What is at a place of a parsed document; undefined, which JSON has no word for, when there is no such place. */
export function valueAt(document: unknown, pointer: JsonPointer): unknown {
  let value = document;
  for (const token of pointer) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value) && !/^(0|[1-9]\d*)$/.test(token)) return undefined;
    // What objects inherit is not in the document.
    if (!Object.hasOwn(value, token)) return undefined;
    value = Reflect.get(value, token);
  }
  return value;
}
