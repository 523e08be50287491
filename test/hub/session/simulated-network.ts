/** Links in memory, on which nothing arrives before the test says so. */
import type { RemoteProviderParts } from '../../../hub/session/index.js';
import type { Link, LinkEvents } from '../../../provider/link.js';
import type { Provider } from '../../../provider/provider.js';

type Connect = NonNullable<RemoteProviderParts['connect']>;
type HubEvents = Parameters<Connect>[1];

class SimulatedLink {
  readonly toHub: Uint8Array[] = [];
  readonly toProvider: Uint8Array[] = [];
  readonly #hub: HubEvents;
  #provider: LinkEvents | undefined;
  #isCut = false;
  /** Told by a side that has nothing more to say. */
  #isClosing = false;

  constructor(hub: HubEvents) {
    this.#hub = hub;
  }

  /** @param change What becomes of a message on its way to the hub. */
  join(provider: Pick<Provider, 'accept'>, change: (bytes: Uint8Array) => readonly Uint8Array[]): void {
    const link: Link = {
      remote: 'simulated',
      binding: new Uint8Array(),
      bufferedBytes: 0,
      send: (bytes) => {
        if (!this.#isCut && !this.#isClosing) this.toHub.push(...change(bytes));
      },
      known: () => undefined,
      isPaused: false,
      pause: () => undefined,
      resume: () => undefined,
      close: () => this.close(),
    };
    this.#provider = provider.accept(link);
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  get waits(): boolean {
    return !this.#isCut && this.toHub.length + this.toProvider.length > 0;
  }

  close(): void {
    this.#isClosing = true;
    if (this.toHub.length === 0) this.cut();
  }

  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#provider?.closed();
    this.#hub.closed('the link was cut');
  }

  deliver(toHub: boolean): void {
    if (this.#isCut) return;
    const bytes = toHub ? this.toHub.shift() : this.toProvider.shift();
    if (bytes === undefined) return;
    if (toHub) this.#hub.message(Buffer.from(bytes));
    else this.#provider?.message(Buffer.from(bytes));
    if (this.#isClosing && this.toHub.length === 0) this.cut();
  }
}

export interface SimulatedNetwork {
  readonly connect: Connect;
  readonly links: readonly SimulatedLink[];
  /** Connections that were made so far. */
  readonly connections: number;
}

export function simulatedNetwork(
  provider: Pick<Provider, 'accept'>,
  change: (bytes: Uint8Array) => readonly Uint8Array[] = (bytes) => [bytes],
): SimulatedNetwork {
  let links: SimulatedLink[] = [];
  let connections = 0;
  return {
    get links() {
      links = links.filter(({ isCut }) => !isCut);
      return links;
    },
    get connections() {
      return connections;
    },
    connect: (_options, events) => {
      const link = new SimulatedLink(events);
      links.push(link);
      connections++;
      link.join(provider, change);
      return Promise.resolve({
        binding: new Uint8Array(),
        bufferedBytes: 0,
        send: (bytes) => {
          if (!link.isCut) link.toProvider.push(bytes);
        },
        close: () => link.close(),
        cut: () => link.cut(),
      });
    },
  };
}
