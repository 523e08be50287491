import type { BrokerLink, MessageHandler, OutgoingMessage } from '../../../hub/broker-link.js';
import type { FaultPoints } from './fault-points.js';

/** An event as a device publishes it. */
export interface Sent {
  readonly topic: string;
  readonly text: string;
}

/** A message as subscribers hear it. */
export interface OnWire {
  readonly id: string;
  readonly topic: string;
  readonly text: string;
  readonly qos: number;
}

/** Unacknowledged events at once, as with Mosquitto and MQTT 3.1.1, only fewer: ids come again soon. */
const WINDOW = 4;

/**
 * A broker that loses nothing: it keeps the hub's session, and after a
 * reconnect sends first what has no acknowledgement, under the same packet
 * ids, as the standard demands (MQTT 5, section 4.4).
 */
export class ModelBroker {
  readonly wire: OnWire[] = [];
  readonly #queue: Sent[] = [];
  readonly #unacknowledged = new Map<number, Sent>();
  #connection: object | undefined;
  #handler: MessageHandler = () => undefined;
  #points: FaultPoints | undefined;
  #delivering = false;

  /** Whether the hub has acknowledged everything. */
  get isIdle(): boolean {
    return this.#queue.length === 0 && this.#unacknowledged.size === 0;
  }

  send(event: Sent): void {
    this.#queue.push(event);
    this.#deliverSoon();
  }

  /** The process at the other end has stopped: nothing more passes. */
  cut(): void {
    this.#connection = undefined;
  }

  connect(handler: MessageHandler, points: FaultPoints): BrokerLink {
    const connection = {};
    this.#connection = connection;
    this.#handler = handler;
    this.#points = points;
    for (const [id, event] of this.#unacknowledged) {
      setImmediate(() => this.#deliver(connection, { id, event, dup: true }));
    }
    setImmediate(() => this.#deliverSoon());
    return {
      subscribe: () => Promise.resolve(),
      unsubscribe: () => Promise.resolve(),
      publish: (message) => this.#publish(connection, message, points),
      close: () => Promise.resolve(),
    };
  }

  /** One event a turn of the event loop, so that they come apart. */
  #deliverSoon(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    setImmediate(() => {
      this.#delivering = false;
      const connection = this.#connection;
      if (connection === undefined || this.#unacknowledged.size >= WINDOW) return;
      const event = this.#queue.shift();
      if (event === undefined) return;
      let id = 1;
      while (this.#unacknowledged.has(id)) id++;
      this.#unacknowledged.set(id, event);
      this.#deliver(connection, { id, event, dup: false });
      this.#deliverSoon();
    });
  }

  #deliver(connection: object, { id, event, dup }: { id: number; event: Sent; dup: boolean }): void {
    if (this.#connection !== connection) return;
    const points = this.#points;
    points?.pass('before receive');
    if (this.#connection !== connection) return;
    void this.#handler({
      topic: event.topic,
      payload: Buffer.from(event.text),
      qos: 1,
      retain: false,
      dup,
      receivedAtMs: 1_000,
      packet: { id, connection },
      acknowledge: () => {
        points?.pass('before ack');
        if (this.#connection !== connection || this.#unacknowledged.get(id) !== event) return;
        this.#unacknowledged.delete(id);
        points?.pass('after ack');
        this.#deliverSoon();
      },
    });
    points?.pass('after receive');
  }

  #publish(connection: object, message: OutgoingMessage, points: FaultPoints): Promise<void> {
    const { topic, payload, qos, origin } = message;
    points.pass('before publish');
    if (this.#connection !== connection) return NEVER;
    this.wire.push({ id: origin?.id ?? '', topic, text: Buffer.from(payload).toString(), qos });
    points.pass('after publish');
    if (qos === 0) return Promise.resolve();
    return new Promise((resolve) => {
      setImmediate(() => {
        points.pass('before puback');
        if (this.#connection !== connection) return;
        resolve();
        points.pass('after puback');
      });
    });
  }
}

const NEVER = new Promise<never>(() => undefined);
