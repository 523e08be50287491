import type { Acknowledged } from './acknowledgements.js';

/**
 * PUBACK is packet type 4, PUBREC 5; two bytes follow, the id. The reason code 0 of MQTT 5 may be left out (sections
 * 3.4.2.1 and 3.5.2.1).
 */
const PUBACK_HEADER = 0x40;
const PUBREC_HEADER = 0x50;
const PACKET_BYTES = 4;

/** The packets that acknowledge messages, as one piece of bytes. */
export function acknowledgementPackets(messages: readonly Acknowledged[]): Buffer {
  const packets = Buffer.allocUnsafe(messages.length * PACKET_BYTES);
  for (const [i, { messageId, qos }] of messages.entries()) {
    const at = i * PACKET_BYTES;
    packets[at] = qos === 1 ? PUBACK_HEADER : PUBREC_HEADER;
    packets[at + 1] = PACKET_BYTES - 2;
    packets.writeUInt16BE(messageId, at + 2);
  }
  return packets;
}
