/**
 * The filters the hub wants, and which of them the broker has granted in the
 * session it holds now.
 *
 * A session may be lost at any reconnect, also between a SUBSCRIBE and its
 * answer; what was not granted in the present session is asked for again.
 */
import type { Subscription } from '../events.js';
import { BrokerError } from './errors.js';
import { LINK_LIMITS } from './limits.js';

type Ask = (subscriptions: readonly Subscription[]) => Promise<readonly number[]>;

interface Wanted {
  readonly subscription: Subscription;
  granted: boolean;
  readonly waiters: Waiter[];
}

interface Waiter {
  resolve(): void;
  reject(error: BrokerError): void;
}

/** From this code on, an answer to SUBSCRIBE is a refusal. */
const REFUSED = 0x80;

export class Subscriptions {
  private readonly wanted = new Map<string, Wanted>();
  /** Grows when the session is new: an answer of an older one no longer counts. */
  private session = 0;

  constructor(private readonly ask: Ask) {}

  /**
   * Asks for filters, now if online, and resolves when all are granted.
   * @throws BrokerError 'subscribe-refused' naming the first filter refused, 'closed'.
   */
  async add(subscriptions: readonly Subscription[], online: boolean): Promise<void> {
    const waits = subscriptions.map((subscription) => this.want(subscription));
    if (online) this.request();
    await Promise.all(waits);
  }

  /** Asks for what the present session lacks. */
  online(sessionPresent: boolean): void {
    if (!sessionPresent) {
      this.session += 1;
      for (const wanted of this.wanted.values()) wanted.granted = false;
    }
    this.request();
  }

  close(): void {
    const error = new BrokerError('closed', 'the link was closed before the broker had granted the subscription');
    for (const { waiters } of this.wanted.values()) for (const waiter of waiters.splice(0)) waiter.reject(error);
    this.wanted.clear();
  }

  private want(subscription: Subscription): Promise<void> {
    const known = this.wanted.get(subscription.filter);
    if (known?.granted === true && known.subscription.qos >= subscription.qos) return Promise.resolve();
    const waiters = known?.waiters ?? [];
    const qos =
      known !== undefined && known.subscription.qos > subscription.qos ? known.subscription.qos : subscription.qos;
    this.wanted.set(subscription.filter, {
      subscription: { filter: subscription.filter, qos },
      granted: false,
      waiters,
    });
    return new Promise((resolve, reject) => waiters.push({ resolve, reject }));
  }

  private request(): void {
    const missing = [...this.wanted.values()].filter(({ granted }) => !granted);
    for (let i = 0; i < missing.length; i += LINK_LIMITS.filtersPerSubscribe) {
      void this.requestSome(missing.slice(i, i + LINK_LIMITS.filtersPerSubscribe));
    }
  }

  private async requestSome(batch: readonly Wanted[]): Promise<void> {
    const session = this.session;
    let answers: readonly number[];
    try {
      answers = await this.ask(batch.map(({ subscription }) => subscription));
    } catch {
      // The connection ended: the next one asks again.
      return;
    }
    if (session !== this.session) return;
    for (const [i, wanted] of batch.entries()) this.settle(wanted, answers[i] ?? REFUSED);
  }

  private settle(wanted: Wanted, answer: number): void {
    const { filter } = wanted.subscription;
    if (answer < REFUSED) {
      wanted.granted = true;
      for (const waiter of wanted.waiters.splice(0)) waiter.resolve();
      return;
    }
    if (this.wanted.get(filter) === wanted) this.wanted.delete(filter);
    const error = new BrokerError(
      'subscribe-refused',
      `the broker refuses the subscription to "${filter}" with code ${answer}: its access list must let this hub read it`,
    );
    for (const waiter of wanted.waiters.splice(0)) waiter.reject(error);
  }
}
