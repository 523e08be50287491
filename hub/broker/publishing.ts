/**
 * Messages on their way to the broker, in the order in which they were given.
 *
 * A message is *waiting* until there is a connection, room in flight and a
 * socket that takes it; then at QoS 0 it is done, and above it is *in
 * flight* until the broker answers. The client below sends messages in
 * flight again after a reconnect; one that ends the connection each time it
 * is sent is given up, so that it cannot keep the hub offline for ever.
 */
import type { OutgoingMessage } from '../broker-link.js';
import { BrokerError } from './errors.js';
import { LINK_LIMITS } from './limits.js';
import { publishFault } from './publish-fault.js';
import type { Accepted, Wire } from './wire.js';

interface Pending {
  readonly message: OutgoingMessage;
  /** While it is in flight. */
  id: number | undefined;
  /** How often it ended the connection when it was sent alone. */
  deadly: number;
  resolve(): void;
  reject(error: BrokerError): void;
}

type PublishWire = Pick<Wire, 'send' | 'forget' | 'backlogBytes' | 'onceDrained'>;

export class Publishing {
  private waiting: Pending[] = [];
  private head = 0;
  private waitingBytes = 0;
  private readonly inFlight = new Map<number, Pending>();
  private broker: Accepted | undefined;
  private draining = false;
  private idle: (() => void) | undefined;

  constructor(private readonly wire: PublishWire) {}

  /** Messages not done: waiting or in flight. */
  get size(): number {
    return this.waiting.length - this.head + this.inFlight.size;
  }

  get unacknowledged(): number {
    return this.inFlight.size;
  }

  /** @throws BrokerError 'publish-refused', 'closed'; at QoS 0 'overloaded'. */
  publish(message: OutgoingMessage): Promise<void> {
    const fault = publishFault(message, this.broker);
    if (fault !== undefined) {
      return Promise.reject(
        new BrokerError('publish-refused', `cannot publish to "${excerpt(message.topic)}": ${fault}`),
      );
    }
    if (this.head === this.waiting.length && this.hasRoom(message)) {
      if (message.qos === 0) {
        this.wire.send(message, ignore);
        return DONE;
      }
      return new Promise((resolve, reject) => this.send({ message, id: undefined, deadly: 0, resolve, reject }));
    }
    if (this.isFull(message)) {
      return Promise.reject(
        new BrokerError(
          'overloaded',
          `cannot publish to "${excerpt(message.topic)}": ${this.waiting.length - this.head} messages already wait for the broker`,
        ),
      );
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ message, id: undefined, deadly: 0, resolve, reject });
      this.waitingBytes += message.payload.byteLength;
      this.awaitDrain();
    });
  }

  online(broker: Accepted): void {
    this.broker = broker;
    this.draining = false;
    this.pump();
  }

  /** `suspect` is the message that was sent again, alone, when the connection ended. */
  offline(suspect: number | undefined): void {
    this.broker = undefined;
    this.draining = false;
    if (suspect === undefined) return;
    const pending = this.inFlight.get(suspect);
    if (pending === undefined) return;
    pending.deadly += 1;
    if (pending.deadly < LINK_LIMITS.deadlyAttempts) return;
    this.inFlight.delete(suspect);
    this.wire.forget(suspect);
    pending.reject(
      new BrokerError(
        'publish-refused',
        `cannot publish to "${excerpt(pending.message.topic)}": the broker closed the connection each of the ${pending.deadly} times it was sent alone`,
      ),
    );
  }

  /** Resolves when nothing is waiting or in flight. */
  whenIdle(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.idle = resolve;
    });
  }

  close(): void {
    const left = [...this.inFlight.values(), ...this.waiting.slice(this.head)];
    this.inFlight.clear();
    this.waiting = [];
    this.head = 0;
    this.waitingBytes = 0;
    this.broker = undefined;
    for (const pending of left) {
      pending.reject(
        new BrokerError('closed', `the link was closed before the broker had "${excerpt(pending.message.topic)}"`),
      );
    }
  }

  private hasRoom(message: OutgoingMessage): boolean {
    if (this.broker === undefined || this.wire.backlogBytes() > LINK_LIMITS.socketBytes) return false;
    return message.qos === 0 || this.inFlight.size < Math.min(LINK_LIMITS.inFlight, this.broker.receiveMaximum);
  }

  /** Above QoS 0 it is for the hub to hand over no more than it wants to wait here: those at QoS 0 must not displace them. */
  private isFull(message: OutgoingMessage): boolean {
    if (message.qos > 0) return false;
    return (
      this.waiting.length - this.head >= LINK_LIMITS.waiting ||
      this.waitingBytes + message.payload.byteLength > LINK_LIMITS.waitingBytes
    );
  }

  private send(pending: Pending): void {
    const { message } = pending;
    const most = this.broker?.maximumQoS ?? 2;
    pending.id = this.wire.send(message.qos > most ? { ...message, qos: most } : message, (error) => {
      if (pending.id !== undefined) this.inFlight.delete(pending.id);
      if (error === undefined) pending.resolve();
      else pending.reject(refusal(message, error));
      this.pump();
    });
    if (pending.id === undefined) pending.resolve();
    else this.inFlight.set(pending.id, pending);
  }

  /** Sends what may be sent, oldest first. */
  private pump(): void {
    for (let next = this.waiting[this.head]; next !== undefined; next = this.waiting[this.head]) {
      if (!this.hasRoom(next.message)) break;
      this.head += 1;
      this.waitingBytes -= next.message.payload.byteLength;
      this.send(next);
    }
    if (this.head === this.waiting.length) {
      this.waiting = [];
      this.head = 0;
    } else if (this.head > 4_096) {
      this.waiting = this.waiting.slice(this.head);
      this.head = 0;
    }
    this.awaitDrain();
    if (this.size === 0) this.idle?.();
  }

  /** An acknowledgement pumps by itself; only a full socket needs waking up for. */
  private awaitDrain(): void {
    if (this.draining || this.broker === undefined || this.head === this.waiting.length) return;
    if (this.wire.backlogBytes() <= LINK_LIMITS.socketBytes) return;
    this.draining = true;
    this.wire.onceDrained(() => {
      this.draining = false;
      this.pump();
    });
  }
}

const DONE = Promise.resolve();

function ignore(): void {}

function refusal(message: OutgoingMessage, cause: Error): BrokerError {
  return new BrokerError('publish-refused', `the broker did not take "${excerpt(message.topic)}": ${cause.message}`, {
    cause,
  });
}

/** Topics may be 64 KiB long: enough of one to recognise it. */
function excerpt(topic: string): string {
  return topic.length <= 80 ? topic : `${topic.slice(0, 77)}...`;
}
