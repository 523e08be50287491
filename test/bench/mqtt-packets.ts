/**
 * The few packets of MQTT 3.1.1 that a load needs, made and read with next to
 * no work, so that what is measured is not the one that measures.
 */

/** Protocol level 4, clean session, no keep-alive: sections 3.1.2.2 to 3.1.2.10. */
export function connectPacket(clientId: string): Buffer {
  const header = Buffer.from([0x00, 0x04, 0x4d, 0x51, 0x54, 0x54, 0x04, 0x02, 0x00, 0x00]);
  return packet(0x10, [header, text(clientId)]);
}

export function subscribePacket(packetId: number, filter: string): Buffer {
  return packet(0x82, [uint16(packetId), text(filter), Buffer.from([0])]);
}

/** `packetId` is for QoS 1 only: 1 to 65,535. */
export function publishPacket(topic: string, payload: string, packetId: number | undefined): Buffer {
  if (packetId === undefined) return packet(0x30, [text(topic), Buffer.from(payload)]);
  return packet(0x32, [text(topic), uint16(packetId), Buffer.from(payload)]);
}

/** Cuts a stream of bytes into packets. */
export class PacketReader {
  #rest: Buffer = Buffer.alloc(0);

  /** Calls back with each packet that is complete: its first byte and its body. */
  read(chunk: Buffer, onPacket: (first: number, body: Buffer) => void): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      let length = 0;
      let shift = 0;
      let cursor = at + 1;
      let digit = 0x80;
      while (digit >= 0x80 && cursor < bytes.length) {
        digit = bytes.readUInt8(cursor++);
        length |= (digit & 0x7f) << shift;
        shift += 7;
      }
      if (digit >= 0x80 || cursor + length > bytes.length) break;
      onPacket(bytes.readUInt8(at), bytes.subarray(cursor, cursor + length));
      at = cursor + length;
    }
    this.#rest = bytes.subarray(at);
  }
}

/** The payload of a received PUBLISH at QoS 0. */
export function payloadOf(body: Buffer): Buffer {
  return body.subarray(2 + body.readUInt16BE(0));
}

function packet(first: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  for (let rest = body.length; ; rest >>>= 7) {
    if (rest < 0x80) {
      length.push(rest);
      break;
    }
    length.push((rest & 0x7f) | 0x80);
  }
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint16(bytes.length), bytes]);
}

function uint16(value: number): Buffer {
  return Buffer.from([value >>> 8, value & 0xff]);
}
