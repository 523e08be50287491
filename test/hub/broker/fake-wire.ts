import type { OutgoingMessage, Subscription } from '../../../hub/broker-link.js';
import type { Acknowledged } from '../../../hub/broker/acknowledgements.js';
import type { Accepted, Delivery, Wire, WireEvents } from '../../../hub/broker/wire.js';

export const ACCEPTED: Accepted = {
  protocolVersion: 5,
  sessionPresent: false,
  receiveMaximum: 65_535,
  packetBytes: 1_000_000,
  retainAvailable: true,
  maximumQoS: 2,
};

/** A wire that does what the test says, and keeps what the link asked of it. */
export class FakeWire implements Wire {
  readonly sent: { readonly id: number | undefined; readonly message: OutgoingMessage }[] = [];
  readonly acknowledged: (readonly number[])[] = [];
  readonly asked: (readonly string[])[] = [];
  readonly givenUp: (readonly string[])[] = [];
  readonly forgotten: number[] = [];
  connection = {};
  backlog = 0;
  answer: (subscriptions: readonly Subscription[]) => Promise<readonly number[]> = (subscriptions) =>
    Promise.resolve(subscriptions.map(({ qos }) => qos));
  answerUnsubscribe: (filters: readonly string[]) => Promise<readonly number[]> = (filters) =>
    Promise.resolve(filters.map(() => 0));
  private readonly settle = new Map<number, (error: Error | undefined) => void>();
  private drained: (() => void) | undefined;
  private nextId = 1;

  constructor(readonly events: WireEvents) {}

  online(accepted: Partial<Accepted> = {}): void {
    this.connection = {};
    this.events.online({ ...ACCEPTED, ...accepted });
  }

  deliver(messageId: number, more: Partial<Delivery> = {}): void {
    void this.events.delivered({
      topic: 'a',
      payload: new Uint8Array(),
      qos: 1,
      retain: false,
      dup: false,
      messageId,
      connection: this.connection,
      ...more,
    });
  }

  /** The broker's answer to a message sent. */
  settled(id: number, error?: Error): void {
    const settle = this.settle.get(id);
    this.settle.delete(id);
    settle?.(error);
  }

  drain(): void {
    this.backlog = 0;
    const then = this.drained;
    this.drained = undefined;
    then?.();
  }

  send(message: OutgoingMessage, settled: (error: Error | undefined) => void): number | undefined {
    const id = message.qos === 0 ? undefined : this.nextId++;
    if (id !== undefined) this.settle.set(id, settled);
    this.sent.push({ id, message });
    return id;
  }

  forget(messageId: number): void {
    this.forgotten.push(messageId);
  }

  backlogBytes(): number {
    return this.backlog;
  }

  onceDrained(then: () => void): void {
    this.drained = then;
  }

  subscribe(subscriptions: readonly Subscription[]): Promise<readonly number[]> {
    this.asked.push(subscriptions.map(({ filter }) => filter));
    return this.answer(subscriptions);
  }

  unsubscribe(filters: readonly string[]): Promise<readonly number[]> {
    this.givenUp.push(filters);
    return this.answerUnsubscribe(filters);
  }

  acknowledge(connection: object, messages: readonly Acknowledged[]): void {
    if (connection === this.connection) this.acknowledged.push(messages.map(({ messageId }) => messageId));
  }

  end(): Promise<void> {
    return Promise.resolve();
  }
}
