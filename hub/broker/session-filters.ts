import type { BrokerLink } from '../broker-link.js';
import type { Logger } from '../log.js';
import type { Store } from '../store/index.js';

export interface SessionFiltersParts {
  readonly link: BrokerLink;
  readonly store: Pick<Store, 'filters' | 'changeFilters' | 'paused' | 'durable'>;
  readonly log: Logger;
}

/**
 * A link that remembers over restarts which filters the broker's session may
 * have: a broker that keeps the session keeps them too, also those that no
 * task wants any more.
 *
 * A filter is on disk before the broker is asked for it, and off it when the
 * broker has given it up, so that none is forgotten whenever the hub is killed.
 */
export class SessionFilters implements BrokerLink {
  readonly #link: BrokerLink;
  readonly #store: SessionFiltersParts['store'];
  readonly #log: Logger;
  /** What was asked for last of all. */
  readonly #wanted = new Set<string>();

  constructor({ link, store, log }: SessionFiltersParts) {
    this.#link = link;
    this.#store = store;
    this.#log = log;
  }

  /**
   * Asks for the filters of a start, and gives up what an earlier one asked for besides: in this order, since a message
   * that two filters match for a moment is better than one that none does.
   */
  async begin(subscriptions: Parameters<BrokerLink['subscribe']>[0]): Promise<void> {
    for (const { filter } of subscriptions) this.#wanted.add(filter);
    // What was asked for meanwhile, of a broker that comes late, is not of an earlier start.
    const stale = this.#store.filters().filter((filter) => !this.#wanted.has(filter));
    if (subscriptions.length > 0) await this.subscribe(subscriptions);
    if (stale.length === 0) return;
    try {
      await this.unsubscribe(stale);
    } catch (error) {
      // What comes of it wakes nobody; the next start asks again.
      if (!isRefusal(error)) throw error;
      this.#log.warn({ err: error }, 'the broker goes on sending what no task wants');
    }
  }

  async subscribe(subscriptions: Parameters<BrokerLink['subscribe']>[0]): Promise<void> {
    const filters = subscriptions.map(({ filter }) => filter);
    for (const filter of filters) this.#wanted.add(filter);
    await this.#note({ add: filters });
    await this.#store.durable();
    await this.#link.subscribe(subscriptions);
  }

  async unsubscribe(filters: readonly string[]): Promise<void> {
    for (const filter of filters) this.#wanted.delete(filter);
    await this.#link.unsubscribe(filters);
    // One of them may have been asked for again meanwhile.
    await this.#note({ remove: filters.filter((filter) => !this.#wanted.has(filter)) });
  }

  publish(...[message]: Parameters<BrokerLink['publish']>): Promise<void> {
    return this.#link.publish(message);
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  async #note(change: Parameters<Store['changeFilters']>[0]): Promise<void> {
    while (this.#store.paused !== undefined) await this.#store.paused;
    this.#store.changeFilters(change);
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'unsubscribe-refused';
}
