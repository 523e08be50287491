/** Hears every effect on the broker, with its id, and is itself never away for the broker: its session is kept. */
import type { Test } from 'tap';
import { connectAsync } from 'mqtt';
import { until } from '../runtime/eventually.js';

/** An effect, as it was first heard. */
export interface Heard {
  readonly id: string;
  readonly topic: string;
  readonly text: string;
}

export class Witness {
  /** Each effect by its id, in the order in which it was first heard. */
  readonly effects = new Map<string, Heard>();
  /** What came under an id that had said something else. */
  readonly contradictions: (readonly [Heard, Heard])[] = [];
  /** Messages beyond the first of an effect. */
  repeats = 0;

  /** Connects; it is closed when the test ends. */
  static async connect(t: Test, url: string, filter: string | string[]): Promise<Witness> {
    const witness = new Witness();
    const client = await connectAsync(url, {
      protocolVersion: 5,
      clientId: `witness-${process.pid}`,
      clean: false,
      properties: { sessionExpiryInterval: 3_600, receiveMaximum: 65_535 },
      reconnectPeriod: 100,
      reconnectOnConnackError: true,
    });
    t.teardown(() => client.end(true));
    client.on('message', (topic, payload, packet) => {
      const id = packet.properties?.userProperties?.['id'];
      witness.#hear({ id: String(id), topic, text: payload.toString() });
    });
    await client.subscribeAsync(filter, { qos: 1 });
    return witness;
  }

  /** Resolves when so many effects were heard. */
  hears(count: number, ms: number): Promise<void> {
    return until(`${count} effects`, ms, () => this.effects.size >= count);
  }

  #hear(heard: Heard): void {
    const before = this.effects.get(heard.id);
    if (before === undefined) {
      this.effects.set(heard.id, heard);
      return;
    }
    this.repeats++;
    if (before.topic !== heard.topic || before.text !== heard.text) this.contradictions.push([before, heard]);
  }
}
