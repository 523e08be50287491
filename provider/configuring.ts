/** The configurations of one session: what each takes is done in order, and the tasks of the last one are told of when they are ready. */
import { apart } from './apart.js';
import type { ComponentStore } from './components.js';
import { Configuration, type SessionTask } from './configuration.js';
import type { Installations } from './installations.js';
import type { ProviderPolicy } from './policy.js';
import { PROTOCOL_BOUNDS, ProtocolError, type HubMessage, type ProviderMessage } from './protocol/index.js';

export interface ConfiguringParts {
  readonly components: ComponentStore;
  readonly installations: Installations;
  readonly policy: ProviderPolicy;
  /** The hub's public key, in hex. */
  readonly hub: string;
  /** Resolves when an earlier session of the hub has nothing under way. */
  readonly before: Promise<void>;
  readonly send: (message: ProviderMessage) => void;
  /** All components have come. @returns whether they are waited for. */
  readonly received: () => boolean;
  /** These are ready from now on, in place of all before; the hub is to be told so. */
  readonly ready: (tasks: ReadonlyMap<string, SessionTask>, message: ProviderMessage) => void;
  /** What was to be done cannot be. */
  readonly failed: (error: unknown) => void;
}

type Of<Type extends HubMessage['type']> = Extract<HubMessage, { type: Type }>;

/**
 * What has come is kept until its turn, and of that no more than counts: the last configuration, what the hub has shown of
 * it, and a few pieces of its components. So a hub that says much while a component is prepared makes nothing pile up.
 */
export class Configuring {
  readonly #parts: ConfiguringParts;
  readonly #proven = new Set<string>();
  /** The last that came; undefined before the first, and when the session is over. */
  #latest: Configuration | undefined;
  /** The one that is dealt with. */
  #begun: Configuration | undefined;
  /** Of the last that came. */
  #proofs: Of<'proofs'>['proofs'] | undefined;
  #chunks: Of<'chunk'>[] = [];
  #working: Promise<void> | undefined;

  constructor(parts: ConfiguringParts) {
    this.#parts = parts;
  }

  /** Takes the place of the one before. @throws ProtocolError 'malformed' */
  configure({ config, tasks }: Of<'configure'>): void {
    this.#latest = new Configuration(config, tasks, { ...this.#parts, proven: this.#proven });
    this.#proofs = undefined;
    this.#chunks = [];
    this.#wake();
  }

  prove({ config, proofs }: Of<'proofs'>): void {
    if (config !== this.#latest?.number) return;
    this.#proofs = proofs;
    this.#wake();
  }

  /** @throws ProtocolError 'window' */
  take(chunk: Of<'chunk'>): void {
    if (this.#chunks.length >= 2 * PROTOCOL_BOUNDS.chunksAhead) {
      throw new ProtocolError('window', `At most ${PROTOCOL_BOUNDS.chunksAhead} pieces may be on their way`);
    }
    this.#chunks.push({ ...chunk, bytes: apart(chunk.bytes) });
    this.#wake();
  }

  /** Resolves when nothing is under way, after `close`. */
  get settled(): Promise<void> {
    return this.#working ?? Promise.resolve();
  }

  /** Nothing more is made ready. */
  close(): void {
    this.#latest = undefined;
    this.#proofs = undefined;
    this.#chunks = [];
    this.#wake();
  }

  #wake(): void {
    this.#working ??= this.#work().finally(() => (this.#working = undefined));
  }

  async #work(): Promise<void> {
    await this.#parts.before;
    for (let isMore = true; isMore;) {
      try {
        isMore = await this.#step();
      } catch (error) {
        this.#parts.failed(error);
      }
    }
  }

  /** @returns whether there was something to do. */
  async #step(): Promise<boolean> {
    const { send } = this.#parts;
    if (this.#latest !== this.#begun) {
      const before = this.#begun;
      const configuration = (this.#begun = this.#latest);
      await before?.abandon();
      if (configuration === undefined || this.#isStale(configuration)) return true;
      const { number: config, nonce, unproven } = configuration;
      send({ type: 'challenge', config, nonce, digests: unproven });
      return true;
    }
    const configuration = this.#begun;
    if (configuration === undefined) return false;
    const proofs = this.#proofs;
    if (proofs !== undefined) {
      this.#proofs = undefined;
      const components = await configuration.prove(proofs);
      if (this.#isStale(configuration)) return true;
      send({ type: 'wanted', config: configuration.number, components });
    } else {
      const chunk = this.#chunks.shift();
      if (chunk === undefined) return false;
      const { digest, offset } = chunk;
      const received = await configuration.take(digest, offset, chunk.bytes);
      if (received === undefined) return true;
      send({ type: 'stored', digest, bytes: received });
    }
    await this.#provisionIfReceived(configuration);
    return true;
  }

  #isStale(configuration: Configuration): boolean {
    return this.#latest !== configuration;
  }

  async #provisionIfReceived(configuration: Configuration): Promise<void> {
    const { received, ready } = this.#parts;
    const isStale = (): boolean => this.#isStale(configuration);
    if (!configuration.isReceived || isStale() || !received()) return;
    const tasks = await configuration.provision(isStale);
    if (isStale()) {
      for (const { installation } of tasks.values()) installation.release();
      return;
    }
    ready(tasks, { type: 'ready', config: configuration.number, tasks: configuration.statesOf(tasks) });
  }
}
