import type { BrokerLink, OutgoingMessage, Subscription } from '../broker-link.js';
import { BrokerError } from './errors.js';
import { LINK_LIMITS } from './limits.js';

/** Connects until the signal says to give up; it rejects then. */
type Connect = (signal: AbortSignal) => Promise<BrokerLink>;

/**
 * A link that can be used before it is connected: what is asked of it waits, in order.
 *
 * A broker that kept a session delivers as soon as the hub is back, before `connect` has resolved; and one may be away
 * when the hub starts, for however long.
 */
export class LateLink implements BrokerLink {
  #link: BrokerLink | undefined;
  #connecting: Promise<BrokerLink> | undefined;
  readonly #giveUp = new AbortController();
  #waiting = 0;
  #waitingBytes = 0;

  /** Once. What was asked for meanwhile fails as this does. */
  async connect(open: Connect): Promise<void> {
    this.#connecting = open(this.#giveUp.signal);
    this.#link = await this.#connecting;
  }

  async subscribe(subscriptions: readonly Subscription[]): Promise<void> {
    await (await this.#connected()).subscribe(subscriptions);
  }

  async unsubscribe(filters: readonly string[]): Promise<void> {
    await (await this.#connected()).unsubscribe(filters);
  }

  publish(message: OutgoingMessage): Promise<void> {
    return this.#link?.publish(message) ?? this.#publishLater(message);
  }

  async close(): Promise<void> {
    this.#giveUp.abort();
    const link = await this.#connecting?.catch(() => undefined);
    await link?.close();
  }

  #connected(): Promise<BrokerLink> {
    return this.#connecting ?? Promise.reject(new Error('The link is not connecting yet'));
  }

  async #publishLater(message: OutgoingMessage): Promise<void> {
    const bytes = message.payload.length;
    const isFull = this.#waiting >= LINK_LIMITS.waiting || this.#waitingBytes + bytes > LINK_LIMITS.waitingBytes;
    if (message.qos === 0 && isFull) {
      throw new BrokerError('overloaded', `${this.#waiting} messages already wait for the broker to be there`);
    }
    this.#waiting++;
    this.#waitingBytes += bytes;
    try {
      const link = await this.#connected();
      await link.publish(message);
    } finally {
      this.#waiting--;
      this.#waitingBytes -= bytes;
    }
  }
}
