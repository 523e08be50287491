/** The port through which messages come and go. */
import type { QoS } from '../runtime/index.js';
import type { Origin } from './store/index.js';

/** A message from the broker. */
export interface IncomingMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Set when the broker had sent it before. */
  readonly dup: boolean;
  /** Milliseconds since 1970 (UTC). */
  readonly receivedAtMs: number;
  /** What the broker calls it on this connection; absent at QoS 0. */
  readonly packet?: { readonly id: number; readonly connection: object } | undefined;
  /** What it says of the publishes that led to it, where it says so: not checked. */
  readonly chain?: string | undefined;
  /** Tells the broker that the message is ours now. At most once; in any order among messages; nothing at QoS 0. */
  acknowledge(): void;
}

/** A message to the broker. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Goes with it as user properties, where the broker speaks MQTT 5. */
  readonly origin?: Origin;
}

export interface Subscription {
  readonly filter: string;
  readonly qos: QoS;
}

/**
 * Called for each message, synchronously; it returns at once. When it returns
 * a promise, the next message is not read from the broker before that resolves.
 */
export type MessageHandler = (message: IncomingMessage) => Promise<void> | void;

/** A connection to a broker, as far as the hub needs one. */
export interface BrokerLink {
  /**
   * Resolves when the broker has granted them; renewed by the link after a reconnect. The QoS of a filter is that of
   * the last call that names it.
   */
  subscribe(subscriptions: readonly Subscription[]): Promise<void>;
  /**
   * Resolves when the broker sends nothing more for these filters; they are not asked for again after a reconnect. Who
   * waits for one of them to be granted waits no more.
   */
  unsubscribe(filters: readonly string[]): Promise<void>;
  /** Resolves at QoS 0 when the message was handed over, above when it was acknowledged. Messages leave in the order of the calls. */
  publish(message: OutgoingMessage): Promise<void>;
  /** Sends what is pending, then disconnects. Idempotent. */
  close(): Promise<void>;
}
