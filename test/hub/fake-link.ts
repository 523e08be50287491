import type { BrokerLink, MessageHandler, OutgoingMessage, Subscription } from '../../hub/broker-link.js';
import type { QoS } from '../../runtime/index.js';

export interface FakeLink extends BrokerLink {
  readonly subscriptions: Subscription[];
  readonly unsubscribed: string[];
  readonly published: OutgoingMessage[];
  /** Topics of the messages that were acknowledged. */
  readonly acknowledged: string[];
  closed: boolean;
  connect(onMessage: MessageHandler): Promise<BrokerLink>;
  deliver(topic: string, options?: Delivered): void;
}

interface Delivered {
  readonly payload?: Uint8Array;
  readonly qos?: QoS;
  /** A redelivery. */
  readonly dup?: boolean;
  readonly packet?: { readonly id: number; readonly connection: object };
  /** What the message says of the publishes that led to it. */
  readonly chain?: string;
}

/** A broker link without a broker. */
export function fakeLink(): FakeLink {
  let handler: MessageHandler = () => undefined;
  const link: FakeLink = {
    subscriptions: [],
    unsubscribed: [],
    published: [],
    acknowledged: [],
    closed: false,
    connect: (onMessage) => {
      handler = onMessage;
      return Promise.resolve(link);
    },
    deliver: (topic, { payload = new Uint8Array(0), qos = 1, dup = false, packet, chain } = {}) => {
      const acknowledge = (): void => void link.acknowledged.push(topic);
      void handler({ topic, payload, qos, retain: false, dup, receivedAtMs: 1_000, packet, chain, acknowledge });
    },
    subscribe: (subscriptions) => {
      link.subscriptions.push(...subscriptions);
      return Promise.resolve();
    },
    unsubscribe: (filters) => {
      link.unsubscribed.push(...filters);
      return Promise.resolve();
    },
    publish: (message) => {
      if (link.closed) return Promise.reject(new Error('the link is closed'));
      link.published.push(message);
      return Promise.resolve();
    },
    close: () => {
      link.closed = true;
      return Promise.resolve();
    },
  };
  return link;
}
