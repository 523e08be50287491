import { randomBytes } from 'node:crypto';
import type { StateReader } from '../../runtime/index.js';
import type { TaskSpec } from '../../provider/protocol/index.js';
import type { Manifest } from '../manifest/index.js';
import type { Moves } from '../migration/index.js';
import { RemoteProvider, StateFeed, type RemoteProviderParts, type SavedProvider } from '../session/index.js';
import type { ChangeResult, StateChange } from '../store/index.js';

export interface LinkedProvidersParts extends Pick<
  RemoteProviderParts,
  'key' | 'hubName' | 'timer' | 'clock' | 'random' | 'log' | 'connect'
> {
  readonly providers: readonly SavedProvider[];
  /** Opens the hub's state, as its threads do. */
  readonly openState: (options: { readonly file: string }) => StateReader;
  /** Told when there is more room at one of them, or when it takes other tasks. */
  readonly changed: () => void;
  /** Told what concerns runs that move; undefined while nobody is. */
  readonly moves: () => Moves | undefined;
}

/** What they are given of this machine. */
export interface Served {
  /** The hub's store, which exists. */
  readonly file: string;
  /** How full a bucket is, with all that was committed. */
  readonly usageOf: RemoteProviderParts['usageOf'];
  /** A component as it was deployed; undefined when it is not kept any more. */
  readonly component: (digest: string) => Promise<Uint8Array | undefined>;
}

/** The providers of a hub, and the state that each of them follows. There are none before `open`. */
export class LinkedProviders {
  readonly #parts: LinkedProvidersParts;
  #all: readonly RemoteProvider[] = [];
  #feeds: readonly StateFeed[] = [];
  #reader: StateReader | undefined;

  constructor(parts: LinkedProvidersParts) {
    this.#parts = parts;
  }

  get all(): readonly RemoteProvider[] {
    return this.#all;
  }

  find(name: string | undefined): RemoteProvider | undefined {
    return this.#all.find((provider) => provider.name === name);
  }

  /** No session is opened before `start`. */
  open({ file, usageOf, component }: Served): void {
    const { providers, openState } = this.#parts;
    const reader = openState({ file });
    const stateEpoch = randomBytes(16).toString('hex');
    this.#reader = reader;
    const linked = providers.map((saved) => {
      const feed = new StateFeed(reader);
      return { feed, provider: this.#provider(saved, { feed, usageOf, stateEpoch, component: kept(component) }) };
    });
    this.#all = linked.map(({ provider }) => provider);
    this.#feeds = linked.map(({ feed }) => feed);
  }

  start(): void {
    for (const provider of this.#all) provider.start();
  }

  /** Replaces what they execute. @param earlierAt Versions of which runs are at a provider: they go on reading. */
  configure(tasks: readonly TaskSpec[], earlierAt: (provider: string) => readonly Manifest[]): void {
    for (const provider of this.#all) provider.configure(tasks, earlierAt(provider.name));
  }

  /** Takes note of what was committed. */
  note(changes: readonly StateChange[], results: readonly ChangeResult[]): void {
    for (const feed of this.#feeds) feed.note(changes, results);
    const committed = changes.filter((_, i) => results[i]?.kind === 'committed');
    const written = new Set(committed.flatMap(({ writes }) => writes.map(({ bucket }) => bucket)));
    if (written.size > 0) for (const provider of this.#all) provider.written(written);
  }

  close(): void {
    for (const provider of this.#all) provider.close();
    this.#reader?.close();
  }

  #provider(
    saved: SavedProvider,
    served: Pick<RemoteProviderParts, 'feed' | 'usageOf' | 'stateEpoch' | 'component'>,
  ): RemoteProvider {
    const { key, hubName, timer, clock, random, log, connect, changed, moves } = this.#parts;
    const { name } = saved;
    return new RemoteProvider({
      ...served,
      saved,
      key,
      hubName,
      timer,
      clock,
      random,
      log,
      connect,
      changed: () => {
        changed();
        moves()?.changed(name);
      },
      moved: (message) => moves()?.received(name, message),
      mostBytes: (id) => moves()?.mostBytes(name, id),
      unsent: (id, reason) => moves()?.unsent(id, reason),
      lost: (isForGood, reason) => {
        moves()?.lost(name);
        if (isForGood) moves()?.gone(name, reason);
      },
    });
  }
}

function kept(find: Served['component']): RemoteProviderParts['component'] {
  return async (digest) => {
    const found = await find(digest);
    if (found === undefined) throw new Error(`the component ${digest} is not kept any more`);
    return found;
  };
}
