/**
 * One message as bytes, the contents of one binary WebSocket message:
 *
 *     0        4                4 + h
 *     | h: u32 | header: h bytes | part 0 | part 1 | ...
 *
 * Numbers are little-endian. The header is a JSON object in UTF-8; its field
 * `parts` has the length of each part, and other fields name parts by their
 * index. The parts fill the rest exactly. Payloads, values and components
 * travel as parts, so that no byte is written as text.
 */
import { ProtocolError } from './errors.js';
import { PROTOCOL_BOUNDS } from './limits.js';

export interface Frame {
  readonly header: Readonly<Record<string, unknown>>;
  readonly parts: readonly Uint8Array[];
}

const LENGTH_BYTES = 4;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws ProtocolError 'too-large' */
export function encodeFrame({ header, parts }: Frame): Uint8Array {
  const text = Buffer.from(JSON.stringify({ ...header, parts: parts.map(({ length }) => length) }), 'utf8');
  const total = parts.reduce((sum, { length }) => sum + length, LENGTH_BYTES + text.length);
  if (total > PROTOCOL_BOUNDS.messageBytes) throw tooLarge(total);
  const bytes = Buffer.allocUnsafe(total);
  bytes.writeUInt32LE(text.length, 0);
  bytes.set(text, LENGTH_BYTES);
  let at = LENGTH_BYTES + text.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Takes a message apart; parts share its memory. @throws ProtocolError 'malformed' or 'too-large' */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.length > PROTOCOL_BOUNDS.messageBytes) throw tooLarge(bytes.length);
  if (bytes.length < LENGTH_BYTES) throw malformed(`it has ${bytes.length} bytes, and at least 4 belong to its length`);
  const headerBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (headerBytes > Math.min(bytes.length - LENGTH_BYTES, PROTOCOL_BOUNDS.headerBytes)) {
    throw malformed(`its header is said to have ${headerBytes} bytes`);
  }
  const header = parseHeader(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + headerBytes));
  return { header, parts: cut(bytes.subarray(LENGTH_BYTES + headerBytes), header['parts']) };
}

function parseHeader(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let header: unknown;
  try {
    header = JSON.parse(utf8.decode(bytes));
  } catch (error) {
    throw new ProtocolError('malformed', 'The message is malformed: its header is not JSON in UTF-8', { cause: error });
  }
  if (!isRecord(header)) throw malformed('its header is no object');
  return header;
}

function cut(bytes: Uint8Array, lengths: unknown): readonly Uint8Array[] {
  if (!Array.isArray(lengths) || lengths.length > PROTOCOL_BOUNDS.parts) {
    throw malformed(`its parts must be a list of at most ${PROTOCOL_BOUNDS.parts} lengths`);
  }
  let at = 0;
  const parts = lengths.map((length: unknown) => {
    if (typeof length !== 'number' || !Number.isInteger(length) || length < 0 || length > bytes.length - at) {
      throw malformed(`a part of ${String(length)} bytes is not in it`);
    }
    at += length;
    return bytes.subarray(at - length, at);
  });
  if (at !== bytes.length) throw malformed(`${bytes.length - at} of its bytes belong to no part`);
  return parts;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(what: string): ProtocolError {
  return new ProtocolError('malformed', `The message is malformed: ${what}`);
}

function tooLarge(bytes: number): ProtocolError {
  return new ProtocolError(
    'too-large',
    `A message must have at most ${PROTOCOL_BOUNDS.messageBytes} bytes: this one has ${bytes}`,
  );
}
