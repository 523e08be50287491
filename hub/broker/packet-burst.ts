/**
 * Publishes of one turn of the event loop as one piece of bytes.
 *
 * The library makes a dozen writes and several events of each.
 * https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901100
 */
import type { OutgoingMessage } from '../broker-link.js';
import { packedProperties } from './origin-properties.js';
import type { ProtocolVersion } from './wire.js';

const PUBLISH = 0x30;
const RETAIN = 0x01;
const QOS_SHIFT = 1;
const DUP = 0x08;
/** PUBREL, with the flags it must have (MQTT 5, section 3.6.1). The reason code 0 may be left out. */
const PUBREL = 0x62;
const PUBREL_BYTES = 4;

/** Room for some hundred messages of sensors; a larger one gets room of its own. */
const CHUNK_BYTES = 64 * 1024;

/** The most that a fixed header takes: the type, and a length of up to four bytes. */
const HEADER_BYTES = 5;

export class PacketBurst {
  readonly #hasProperties: boolean;
  #chunk = Buffer.alloc(0);
  #from = 0;
  #at = 0;

  /** @param protocolVersion MQTT 5 has a list of properties in each packet. */
  constructor(protocolVersion: ProtocolVersion) {
    this.#hasProperties = protocolVersion === 5;
  }

  /** Bytes that wait to be taken. */
  get length(): number {
    return this.#at - this.#from;
  }

  /**
   * Adds a message whose topic has been checked to fit a packet.
   * @param id Above QoS 0.
   */
  add({ topic, payload, qos, retain, origin }: OutgoingMessage, id?: number, repeated = false): void {
    const topicBytes = Buffer.byteLength(topic);
    const properties = this.#hasProperties && origin !== undefined ? packedProperties(origin) : NO_PROPERTIES;
    const propertyBytes = this.#hasProperties ? lengthBytes(properties.length) + properties.length : 0;
    const rest = 2 + topicBytes + (id === undefined ? 0 : 2) + propertyBytes + payload.length;
    this.#reserve(HEADER_BYTES + rest);
    const chunk = this.#chunk;
    let at = this.#at;
    chunk[at++] = PUBLISH | (qos << QOS_SHIFT) | (retain ? RETAIN : 0) | (repeated ? DUP : 0);
    at = putLength(chunk, rest, at);
    at = chunk.writeUInt16BE(topicBytes, at);
    at += chunk.write(topic, at, 'utf8');
    if (id !== undefined) at = chunk.writeUInt16BE(id, at);
    if (this.#hasProperties) {
      at = putLength(chunk, properties.length, at);
      chunk.set(properties, at);
      at += properties.length;
    }
    chunk.set(payload, at);
    this.#at = at + payload.length;
  }

  /** QoS 2: the broker may forget the id. */
  addRelease(id: number): void {
    this.#reserve(PUBREL_BYTES);
    this.#chunk[this.#at] = PUBREL;
    this.#chunk[this.#at + 1] = PUBREL_BYTES - 2;
    this.#at = this.#chunk.writeUInt16BE(id, this.#at + 2);
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

const NO_PROPERTIES = Buffer.alloc(0);

/** A variable byte integer (MQTT 5, section 1.5.5). @returns the place after it. */
function putLength(chunk: Buffer, value: number, from: number): number {
  let at = from;
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) chunk[at++] = (rest & 0x7f) | 0x80;
  chunk[at++] = rest;
  return at;
}

/** Of a value below 2^28. */
function lengthBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}
