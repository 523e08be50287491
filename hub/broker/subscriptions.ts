/**
 * The filters the hub wants and no longer wants, and which of them the broker
 * has granted in the session it holds now.
 *
 * A session may be lost at any reconnect, also between a SUBSCRIBE and its
 * answer; what was not granted in the present session is asked for again, and
 * what it may still have although it is not wanted is given up again.
 */
import type { Subscription } from '../broker-link.js';
import { BrokerError } from './errors.js';
import { LINK_LIMITS } from './limits.js';
import type { Wire } from './wire.js';

interface Wanted {
  readonly subscription: Subscription;
  granted: boolean;
  readonly waiters: Waiter[];
}

interface Unwanted {
  readonly filter: string;
  readonly waiters: Waiter[];
}

interface Waiter {
  resolve(): void;
  reject(error: BrokerError): void;
}

/** From this code on, an answer to SUBSCRIBE or UNSUBSCRIBE is a refusal. */
const REFUSED = 0x80;

export class Subscriptions {
  private readonly wanted = new Map<string, Wanted>();
  /** Those that the present session may have. */
  private readonly unwanted = new Map<string, Unwanted>();
  /** Grows when the session is new: an answer of an older one no longer counts. */
  private session = 0;

  constructor(private readonly wire: Pick<Wire, 'subscribe' | 'unsubscribe'>) {}

  /**
   * Asks for filters, now if online, and resolves when all are granted.
   * @throws BrokerError 'subscribe-refused' naming the first filter refused, 'closed'.
   */
  async add(subscriptions: readonly Subscription[], online: boolean): Promise<void> {
    const waits = subscriptions.map((subscription) => this.want(subscription));
    if (online) this.request();
    await Promise.all(waits);
  }

  /**
   * Gives up filters, now if online, and resolves when the session has none of them.
   * @throws BrokerError 'unsubscribe-refused' naming the first filter refused, 'closed'.
   */
  async remove(filters: readonly string[], online: boolean): Promise<void> {
    const waits = filters.map((filter) => this.giveUp(filter));
    if (online) this.release();
    await Promise.all(waits);
  }

  /** Asks for what the present session lacks, and gives up what it has too much. */
  online(sessionPresent: boolean): void {
    if (!sessionPresent) {
      this.session += 1;
      for (const wanted of this.wanted.values()) wanted.granted = false;
      for (const { waiters } of this.unwanted.values()) for (const waiter of waiters) waiter.resolve();
      this.unwanted.clear();
    }
    this.request();
    this.release();
  }

  close(): void {
    const error = new BrokerError('closed', 'the link was closed before the broker had answered');
    for (const { waiters } of [...this.wanted.values(), ...this.unwanted.values()]) {
      for (const waiter of waiters.splice(0)) waiter.reject(error);
    }
    this.wanted.clear();
    this.unwanted.clear();
  }

  private want(subscription: Subscription): Promise<void> {
    const { filter, qos } = subscription;
    // Who waits for it to be given up has been overtaken.
    for (const waiter of this.unwanted.get(filter)?.waiters ?? []) waiter.resolve();
    this.unwanted.delete(filter);
    const known = this.wanted.get(filter);
    if (known?.granted === true && known.subscription.qos === qos) return Promise.resolve();
    const waiters = known?.waiters ?? [];
    this.wanted.set(filter, { subscription, granted: false, waiters });
    return new Promise((resolve, reject) => waiters.push({ resolve, reject }));
  }

  private giveUp(filter: string): Promise<void> {
    for (const waiter of this.wanted.get(filter)?.waiters ?? []) waiter.resolve();
    this.wanted.delete(filter);
    const waiters = this.unwanted.get(filter)?.waiters ?? [];
    this.unwanted.set(filter, { filter, waiters });
    return new Promise((resolve, reject) => waiters.push({ resolve, reject }));
  }

  private request(): void {
    const missing = [...this.wanted.values()].filter(({ granted }) => !granted);
    for (const batch of batches(missing)) void this.requestSome(batch);
  }

  private release(): void {
    for (const batch of batches([...this.unwanted.values()])) void this.releaseSome(batch);
  }

  private async requestSome(batch: readonly Wanted[]): Promise<void> {
    const answers = await this.ask(() => this.wire.subscribe(batch.map(({ subscription }) => subscription)));
    if (answers === undefined) return;
    for (const [i, wanted] of batch.entries()) this.granted(wanted, answers[i] ?? REFUSED);
  }

  private async releaseSome(batch: readonly Unwanted[]): Promise<void> {
    const answers = await this.ask(() => this.wire.unsubscribe(batch.map(({ filter }) => filter)));
    if (answers === undefined) return;
    // MQTT 3.1.1 answers without codes.
    for (const [i, unwanted] of batch.entries()) this.released(unwanted, answers[i] ?? 0);
  }

  /** The answers, if they still count. */
  private async ask(send: () => Promise<readonly number[]>): Promise<readonly number[] | undefined> {
    const session = this.session;
    try {
      const answers = await send();
      return session === this.session ? answers : undefined;
    } catch {
      // The connection ended: the next one asks again.
      return undefined;
    }
  }

  private granted(wanted: Wanted, answer: number): void {
    const { filter } = wanted.subscription;
    // A later call wants another QoS, and has asked for it.
    const isPresent = this.wanted.get(filter) === wanted;
    if (answer < REFUSED) {
      wanted.granted = true;
      if (isPresent) for (const waiter of wanted.waiters.splice(0)) waiter.resolve();
      return;
    }
    if (isPresent) this.wanted.delete(filter);
    const error = new BrokerError(
      'subscribe-refused',
      `the broker refuses the subscription to "${filter}" with code ${answer}: its access list must let this hub read it`,
    );
    for (const waiter of wanted.waiters.splice(0)) waiter.reject(error);
  }

  private released(unwanted: Unwanted, answer: number): void {
    const { filter, waiters } = unwanted;
    if (this.unwanted.get(filter) !== unwanted) return;
    this.unwanted.delete(filter);
    if (answer < REFUSED) {
      for (const waiter of waiters) waiter.resolve();
      return;
    }
    const error = new BrokerError(
      'unsubscribe-refused',
      `the broker refuses to end the subscription to "${filter}" with code ${answer}: it goes on sending what matches`,
    );
    for (const waiter of waiters) waiter.reject(error);
  }
}

function batches<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const size = LINK_LIMITS.filtersPerSubscribe;
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
