/** A device on the broker: publishes, and hears what it asked for. */
import type { Test } from 'tap';
import { connectBroker } from '../../hub/broker/index.js';
import type { BrokerLink, IncomingMessage } from '../../hub/broker-link.js';
import { until } from '../runtime/eventually.js';

export class Device {
  readonly heard: IncomingMessage[] = [];
  #link: BrokerLink | undefined;

  /** Connects; it is closed when the test ends. */
  static async connect(t: Test, url: string, filters: readonly string[]): Promise<Device> {
    const device = new Device();
    const link = await connectBroker({ url, clientId: `device-${process.pid}`, persistent: false }, (message) => {
      device.heard.push(message);
      message.acknowledge();
    });
    device.#link = link;
    t.teardown(() => link.close());
    await link.subscribe(filters.map((filter) => ({ filter, qos: 1 })));
    return device;
  }

  /** Resolves when the broker has it. */
  async publish(topic: string, payload: string | Uint8Array, qos: 1 | 2 = 1, retain = false): Promise<void> {
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    await this.#link?.publish({ topic, payload: bytes, qos, retain });
  }

  async hears(count: number, ms = 20_000): Promise<void> {
    await until(`${count} messages, of which ${this.heard.length} came before`, ms, () => this.heard.length >= count);
  }

  /** Resolves when what it heard is enough. */
  async hearsUntil(what: string, ms: number, enough: () => boolean): Promise<void> {
    let checked = -1;
    await until(what, ms, () => {
      if (checked === this.heard.length) return false;
      checked = this.heard.length;
      return enough();
    });
  }

  /** Topics and payloads, as text. */
  get texts(): (readonly [string, string])[] {
    return this.heard.map(({ topic, payload }) => [topic, Buffer.from(payload).toString()] as const);
  }
}
