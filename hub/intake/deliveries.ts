import { crc32 } from 'node:zlib';
import type { IncomingMessage } from '../broker-link.js';
import { STORE_BOUNDS } from '../store/limits.js';
import { Fifo } from '../queue/index.js';
import type { Delivery } from '../store/index.js';

/** A message of the broker that was taken. */
export interface Taken {
  readonly delivery: Delivery;
  /** To be called once its events are on disk: acknowledges it, as often as it came. */
  durable(): void;
}

interface Known extends Taken {
  isDurable: boolean;
  connection: object | undefined;
  acknowledge: () => void;
}

/**
 * Recognises messages that the broker sends again.
 *
 * MQTT has no ids of messages over time: a packet id belongs to a message
 * until the broker has seen its acknowledgement, and then to another one. So
 * a repetition is what comes with the DUP flag and the packet id, topic and
 * payload of a message that was taken, for as long as its acknowledgement
 * may not have arrived; at QoS 2 until its PUBREL at the latest. A broker repeats, before anything new, all that it
 * has no acknowledgement of (MQTT 5, sections 4.4 and 4.6): with the first
 * new message on a connection, what was not repeated on it is done with.
 *
 * What cannot be told apart: a message equal in all three that the broker
 * sent for the first time on a connection that broke under it, under an id
 * it had just given free. Brokers that count ids upwards do that once in
 * 65,535 messages, which is beyond what is remembered.
 */
export class Deliveries {
  /** By packet id. */
  readonly #known = new Map<number, Known>();
  /** All of them, and some whose id another one has now; oldest first. A map looks for its first key past all that were deleted. */
  readonly #order = new Fifo<Known>();
  #connection: object | undefined;
  #repeating = true;

  /** @param stored Those of an earlier start, whose acknowledgement may not have been sent; oldest first. */
  constructor(stored: readonly Delivery[]) {
    for (const delivery of stored) this.#remember({ ...madeOf(delivery), isDurable: true });
  }

  /** Whether a message was taken before. Then nothing is left to do: it is acknowledged as soon as the first one may be. */
  repeats(message: IncomingMessage): boolean {
    const { packet } = message;
    if (packet === undefined) return false;
    if (packet.connection !== this.#connection) {
      this.#connection = packet.connection;
      this.#repeating = true;
    }
    if (!message.dup) {
      if (this.#repeating) this.#forgetOthers(packet.connection);
      this.#repeating = false;
      return false;
    }
    const known = this.#known.get(packet.id);
    if (known === undefined || known.delivery.fingerprint !== fingerprintOf(message)) return false;
    known.connection = packet.connection;
    if (known.isDurable) message.acknowledge();
    else known.acknowledge = () => message.acknowledge();
    return true;
  }

  /** Notes a message that is taken. Undefined for one that the broker does not send again. */
  take(message: IncomingMessage): Taken | undefined {
    const { packet } = message;
    if (packet === undefined) return undefined;
    const known = madeOf({ packetId: packet.id, fingerprint: fingerprintOf(message) });
    known.connection = packet.connection;
    known.acknowledge = () => message.acknowledge();
    this.#remember(known);
    return known;
  }

  /** The broker is done with a message at QoS 2: its id is free for another one. */
  released(packetId: number): void {
    this.#known.delete(packetId);
  }

  #remember(known: Known): void {
    this.#known.set(known.delivery.packetId, known);
    this.#order.push(known);
    if (this.#order.length <= STORE_BOUNDS.deliveries) return;
    const oldest = this.#order.shift();
    if (oldest === undefined) return;
    const { packetId } = oldest.delivery;
    if (this.#known.get(packetId) === oldest) this.#known.delete(packetId);
  }

  #forgetOthers(connection: object): void {
    for (const [id, known] of this.#known) if (known.connection !== connection) this.#known.delete(id);
  }
}

function madeOf(delivery: Delivery): Known {
  const known: Known = {
    delivery,
    isDurable: false,
    connection: undefined,
    acknowledge: nothing,
    durable: () => {
      known.isDurable = true;
      known.acknowledge();
      // It holds the message, and this one may be remembered for long.
      known.acknowledge = nothing;
    },
  };
  return known;
}

function nothing(): void {}

function fingerprintOf({ topic, payload }: IncomingMessage): number {
  return crc32(payload, crc32(topic));
}
