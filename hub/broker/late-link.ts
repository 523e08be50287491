import type { BrokerLink, OutgoingMessage } from '../broker-link.js';

/**
 * A link that can be published to before it is connected.
 *
 * A broker that kept a session delivers as soon as the hub is back, before
 * `connect` has resolved; what those runs publish waits here, in order.
 */
export class LateLink {
  #link: BrokerLink | undefined;
  #connecting: Promise<BrokerLink> | undefined;

  async connect(open: () => Promise<BrokerLink>): Promise<BrokerLink> {
    this.#connecting = open();
    this.#link = await this.#connecting;
    return this.#link;
  }

  publish(message: OutgoingMessage): Promise<void> {
    if (this.#link !== undefined) return this.#link.publish(message);
    if (this.#connecting === undefined) return Promise.reject(new Error('Cannot publish before connecting'));
    return this.#connecting.then((link) => link.publish(message));
  }
}
