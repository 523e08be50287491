/** Short texts that are equal when what they stand for is: what is remembered of a payload or a value. */
import { createHash } from 'node:crypto';
import { SHAPING_BOUNDS } from './limits.js';
import { valueAt, type JsonPointer } from '../manifest/index.js';

/** A value of up to this many characters stands for itself; a digest would be no shorter. */
const PLAIN_LENGTH = 44;

export function textFingerprint(text: string): string {
  return digest(Buffer.from(text));
}

export function payloadFingerprint(payload: Uint8Array): string {
  return digest(payload);
}

/**
 * The fingerprint of a value in a JSON payload, or undefined when it has none
 * there: it is not JSON, too large to be read here, nested too deep, or
 * without that place.
 *
 * Numbers are equal by value (1.0 is 1); objects whatever the order of their members.
 */
export function valueFingerprint(payload: Uint8Array, pointer: JsonPointer): string | undefined {
  if (payload.length > SHAPING_BOUNDS.shapedJsonBytes) return undefined;
  let text: string | undefined;
  try {
    const document: unknown = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString());
    const value = valueAt(document, pointer);
    if (value === undefined) return undefined;
    text = JSON.stringify(value, sortMembers);
  } catch {
    // A SyntaxError, or a RangeError for a document nested thousands deep.
    return undefined;
  }
  return text.length <= PLAIN_LENGTH ? text : `#${digest(Buffer.from(text))}`;
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}

function sortMembers(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
