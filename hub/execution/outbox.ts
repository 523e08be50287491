import type { BrokerLink } from '../broker-link.js';
import type { Counts } from '../counts.js';
import type { Observer } from '../observations.js';
import type { Journal } from '../journal/index.js';
import { EXECUTION_BOUNDS } from './limits.js';
import type { OutboxGroup, Store, StoredMessage } from '../store/index.js';

export interface OutboxParts {
  readonly store: Pick<Store, 'unsent' | 'lastOutboxId'>;
  readonly journal: Pick<Journal, 'sent' | 'bury'>;
  readonly publish: BrokerLink['publish'];
  readonly counts: Counts;
  readonly observe: Observer;
  readonly clock: () => number;
}

/** A group that is with the link. */
interface Handed {
  readonly id: number;
  /** Messages that the broker does not have yet. */
  left: number;
}

/** Groups that are read from the store at once: some hundred messages. */
const GROUPS_PER_READ = 32;

/**
 * Publishes what was committed, in that order, and notes what the broker has.
 *
 * A bounded number of messages is with the link; beyond that, as when the
 * broker is away, they stay on disk and are read when there is room. A group
 * whose messages are not all acknowledged when the hub ends is published
 * again by the next one, whole.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  /** The newest group that is on disk. */
  #durable: number;
  /** The newest group that was handed to the link. */
  #handed = 0;
  /** Messages with the link, and their bytes. */
  #messages = 0;
  #bytes = 0;
  #stopped = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#durable = parts.store.lastOutboxId;
  }

  /** Publishes what an earlier hub left. */
  start(): void {
    this.#refill();
  }

  /** A group is on disk. */
  released(group: OutboxGroup): void {
    const caughtUp = this.#handed === this.#durable;
    this.#durable = group.id;
    if (caughtUp && this.#hasRoom()) this.#hand(group);
    else this.#refill();
  }

  /** Whether nothing that was committed waits in front of what is published now. */
  get isCaughtUp(): boolean {
    return !this.#stopped && this.#handed === this.#parts.store.lastOutboxId;
  }

  /** Publishes what nobody was promised, past the disk. Only when it has caught up. */
  async publishNow(message: StoredMessage): Promise<void> {
    await this.#offer(message);
  }

  /** From now on, nothing is handed to the link. */
  stop(): void {
    this.#stopped = true;
  }

  #hasRoom(): boolean {
    return (
      !this.#stopped && this.#messages < EXECUTION_BOUNDS.publishing && this.#bytes < EXECUTION_BOUNDS.publishingBytes
    );
  }

  #refill(): void {
    while (this.#handed < this.#durable && this.#hasRoom()) {
      const groups = this.#parts.store.unsent({
        after: this.#handed,
        upTo: this.#durable,
        limit: GROUPS_PER_READ,
      });
      if (groups.length === 0) this.#handed = this.#durable;
      for (const group of groups) if (this.#hasRoom()) this.#hand(group);
    }
  }

  #hand(group: OutboxGroup): void {
    this.#handed = group.id;
    const handed: Handed = { id: group.id, left: group.messages.length };
    this.#messages += handed.left;
    for (const message of group.messages) {
      this.#bytes += message.payload.length;
      void this.#publish(handed, message);
    }
  }

  #done(handed: Handed, message: StoredMessage): void {
    handed.left--;
    if (handed.left === 0) this.#parts.journal.sent(handed.id);
    this.#messages--;
    this.#bytes -= message.payload.length;
    if (this.#handed < this.#durable && this.#messages * 2 < EXECUTION_BOUNDS.publishing) this.#refill();
  }

  async #publish(handed: Handed, message: StoredMessage): Promise<void> {
    const { journal, clock } = this.#parts;
    const error = await this.#offer(message);
    // At QoS 0 there is one attempt. Above, anything but a refusal ends with the link, and the next start publishes it.
    const isLost = message.qos === 0 && hasCode(error, 'overloaded');
    const isRefused = hasCode(error, 'publish-refused');
    if (error !== undefined && !isRefused && !isLost) return;
    if (isRefused) journal.bury({ message, reason: reasonOf(error), atMs: clock() });
    this.#done(handed, message);
  }

  /** Hands a message to the link. Resolves when the broker has it, or with why it does not. */
  async #offer(message: StoredMessage): Promise<unknown> {
    const { counts, observe, publish } = this.#parts;
    const { id, source } = message.origin;
    const runId = id.slice(0, id.lastIndexOf('/'));
    counts.published++;
    observe({ kind: 'published', runId, task: source, message });
    try {
      await publish(message);
      return undefined;
    } catch (error) {
      counts.publishFailed++;
      observe({ kind: 'publish-failed', runId, task: source, topic: message.topic, message: reasonOf(error) });
      return error;
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function hasCode(error: unknown, code: 'overloaded' | 'publish-refused'): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
