/**
 * Where a message comes from, as user properties of MQTT 5, under the names
 * of the CloudEvents binding (https://github.com/cloudevents/spec, section
 * 3.1.3.1 of the MQTT binding). MQTT 3.1.1 has no room for them.
 */
import type { OutgoingMessage } from '../events.js';

/** User property (MQTT 5, section 3.3.2.3.7). */
const USER_PROPERTY = 0x26;

type Origin = NonNullable<OutgoingMessage['origin']>;

export function originProperties({ id, source, timeMs }: Origin): Record<string, string> {
  return { id, source, time: new Date(timeMs).toISOString() };
}

/** The properties as the bytes between their length and the payload. Each part must be shorter than 64 KiB. */
export function packedProperties(origin: Origin): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(originProperties(origin))) {
    const [nameBytes, valueBytes] = [Buffer.byteLength(name), Buffer.byteLength(value)];
    const part = Buffer.allocUnsafe(5 + nameBytes + valueBytes);
    part[0] = USER_PROPERTY;
    part.writeUInt16BE(nameBytes, 1);
    part.write(name, 3);
    part.writeUInt16BE(valueBytes, 3 + nameBytes);
    part.write(value, 5 + nameBytes);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
