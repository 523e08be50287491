/**
 * Where a message comes from, as user properties of MQTT 5, under the names
 * of the CloudEvents binding (https://github.com/cloudevents/spec, section
 * 3.1.3.1 of the MQTT binding). `chain` is an extension of ours. MQTT 3.1.1 has no room for them.
 */
import type { OutgoingMessage } from '../broker-link.js';

/** User property (MQTT 5, section 3.3.2.3.7). */
const USER_PROPERTY = 0x26;

type Origin = NonNullable<OutgoingMessage['origin']>;

/** The properties as the bytes between their length and the payload. Each part must be shorter than 64 KiB. */
export function packedProperties({ id, source, timeMs, chain }: Origin): Buffer {
  const time = new Date(timeMs).toISOString();
  const bytes = Buffer.allocUnsafe(
    propertyBytes('id', id) +
      propertyBytes('source', source) +
      propertyBytes('time', time) +
      (chain === undefined ? 0 : propertyBytes('chain', chain)),
  );
  let at = putProperty(bytes, 0, 'id', id);
  at = putProperty(bytes, at, 'source', source);
  at = putProperty(bytes, at, 'time', time);
  if (chain !== undefined) putProperty(bytes, at, 'chain', chain);
  return bytes;
}

function propertyBytes(name: string, value: string): number {
  return 5 + name.length + Buffer.byteLength(value);
}

/** @param name ASCII. @returns the place after it. */
function putProperty(bytes: Buffer, from: number, name: string, value: string): number {
  bytes[from] = USER_PROPERTY;
  let at = bytes.writeUInt16BE(name.length, from + 1);
  at += bytes.write(name, at, 'latin1');
  const valueBytes = bytes.write(value, at + 2, 'utf8');
  bytes.writeUInt16BE(valueBytes, at);
  return at + 2 + valueBytes;
}
