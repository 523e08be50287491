/**
 * QoS 0 publishes of one turn of the event loop as one piece of bytes.
 *
 * The library makes five writes and several events of each; at QoS 0 there is
 * nothing that it would have to keep.
 * https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901100
 */
import type { OutgoingMessage } from '../events.js';
import type { ProtocolVersion } from './wire.js';

const PUBLISH = 0x30;
const RETAIN = 0x01;

/** Room for some hundred messages of sensors; a larger one gets room of its own. */
const CHUNK_BYTES = 64 * 1024;

/** The most that a fixed header takes: the type, and a length of up to four bytes. */
const HEADER_BYTES = 5;

export class PacketBurst {
  readonly #properties: number;
  #chunk = Buffer.alloc(0);
  #from = 0;
  #at = 0;

  /** @param protocolVersion MQTT 5 has a list of properties in each packet: here it is empty, one byte. */
  constructor(protocolVersion: ProtocolVersion) {
    this.#properties = protocolVersion === 5 ? 1 : 0;
  }

  /** Bytes that wait to be taken. */
  get length(): number {
    return this.#at - this.#from;
  }

  /** Adds a message whose topic has been checked to fit a packet. */
  add({ topic, payload, retain }: OutgoingMessage): void {
    const topicBytes = Buffer.byteLength(topic);
    const rest = 2 + topicBytes + this.#properties + payload.length;
    this.#reserve(HEADER_BYTES + rest);
    const chunk = this.#chunk;
    let at = this.#at;
    chunk[at++] = retain ? PUBLISH | RETAIN : PUBLISH;
    for (let length = rest; ; length >>>= 7) {
      if (length < 0x80) {
        chunk[at++] = length;
        break;
      }
      chunk[at++] = (length & 0x7f) | 0x80;
    }
    at = chunk.writeUInt16BE(topicBytes, at);
    at += chunk.write(topic, at, 'utf8');
    if (this.#properties === 1) chunk[at++] = 0;
    chunk.set(payload, at);
    this.#at = at + payload.length;
  }

  /** What was added since the last time. The bytes are not written to again. */
  take(): Buffer {
    const taken = this.#chunk.subarray(this.#from, this.#at);
    this.#from = this.#at;
    return taken;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#chunk.length) return;
    const waiting = this.#chunk.subarray(this.#from, this.#at);
    this.#chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, waiting.length * 2 + bytes));
    this.#chunk.set(waiting);
    this.#from = 0;
    this.#at = waiting.length;
  }
}
