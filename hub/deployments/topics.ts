import type { BrokerLink, Subscription } from '../broker-link.js';
import { DEPLOYMENT_BOUNDS } from './limits.js';
import { withinMs } from '../deadline.js';
import type { Logger } from '../log.js';

/** What the broker answered: `later` when it has not, as one that is away. */
export type Granted = 'granted' | 'later' | { readonly refused: string };

/** Keeps what the hub is subscribed to what its tasks want, while they come and go. */
export class Topics {
  readonly #link: Pick<BrokerLink, 'subscribe' | 'unsubscribe'>;
  readonly #log: Logger;
  #asked: readonly Subscription[];

  /** @param asked What the hub has asked for when it started. */
  constructor(link: Pick<BrokerLink, 'subscribe' | 'unsubscribe'>, log: Logger, asked: readonly Subscription[]) {
    this.#link = link;
    this.#log = log;
    this.#asked = asked;
  }

  /**
   * Asks for what is wanted and was not asked for. What is not wanted any more comes until `narrow`: so between two
   * filters that overlap no event is lost, and one may come twice, each time as an event of its own.
   */
  async widen(wanted: readonly Subscription[]): Promise<Granted> {
    const more = wanted.filter((one) => !this.#asked.some((other) => isSame(one, other)));
    if (more.length === 0) return 'granted';
    const changed = new Set(more.map(({ filter }) => filter));
    this.#asked = [...this.#asked.filter(({ filter }) => !changed.has(filter)), ...more];
    const asking = this.#link.subscribe(more);
    try {
      if (await withinMs(DEPLOYMENT_BOUNDS.subscribeMs, asking)) return 'granted';
    } catch (error) {
      return { refused: error instanceof Error ? error.message : String(error) };
    }
    asking.catch((error: unknown) => this.#log.error({ err: error }, 'the broker refuses topics of a task'));
    return 'later';
  }

  /** Lets go of what is not wanted any more. */
  async narrow(wanted: readonly Subscription[]): Promise<void> {
    const gone = this.#asked.filter(({ filter }) => !wanted.some((one) => one.filter === filter));
    if (gone.length === 0) return;
    this.#asked = this.#asked.filter((one) => !gone.includes(one));
    const leaving = this.#link.unsubscribe(gone.map(({ filter }) => filter)).catch((error: unknown) => {
      this.#log.warn({ err: error }, 'the broker may go on sending what no task wants');
    });
    await withinMs(DEPLOYMENT_BOUNDS.subscribeMs, leaving);
  }
}

function isSame(one: Subscription, other: Subscription): boolean {
  return one.filter === other.filter && one.qos === other.qos;
}
