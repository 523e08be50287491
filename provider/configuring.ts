/** The configurations of one session: what each takes is done in order, and the tasks of the last one are told of when they are ready. */
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
  readonly send: (message: ProviderMessage) => void;
  /** All components have come. @returns whether they are waited for. */
  readonly received: () => boolean;
  /** These are ready from now on, in place of all before; the hub is to be told so. */
  readonly ready: (tasks: ReadonlyMap<string, SessionTask>, message: ProviderMessage) => void;
  /** What was to be done cannot be. */
  readonly failed: (error: unknown) => void;
}

type Of<Type extends HubMessage['type']> = Extract<HubMessage, { type: Type }>;

export class Configuring {
  readonly #parts: ConfiguringParts;
  readonly #proven = new Set<string>();
  /** The last that came. */
  #configuration: Configuration | undefined;
  /** What takes time, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #chunksAhead = 0;

  constructor(parts: ConfiguringParts) {
    this.#parts = parts;
  }

  /** Takes the place of the one before. @throws ProtocolError 'malformed' */
  configure({ config, tasks }: Of<'configure'>): void {
    const { send } = this.#parts;
    const before = this.#configuration;
    const configuration = new Configuration(config, tasks, { ...this.#parts, proven: this.#proven });
    this.#configuration = configuration;
    this.#then(async () => {
      await before?.abandon();
      const { nonce, unproven } = configuration;
      send({ type: 'challenge', config, nonce, digests: unproven });
    });
  }

  prove({ config, proofs }: Of<'proofs'>): void {
    this.#then(async () => {
      const configuration = this.#configuration;
      if (configuration?.number !== config) return;
      const wanted = await configuration.prove(proofs);
      this.#parts.send({ type: 'wanted', config, components: wanted });
      await this.#provisionIfReceived(configuration);
    });
  }

  /** @throws ProtocolError 'window' */
  take({ digest, offset, bytes }: Of<'chunk'>): void {
    this.#chunksAhead++;
    if (this.#chunksAhead > 2 * PROTOCOL_BOUNDS.chunksAhead) {
      throw new ProtocolError('window', `At most ${PROTOCOL_BOUNDS.chunksAhead} pieces may be on their way`);
    }
    const configuration = this.#configuration;
    this.#then(async () => {
      this.#chunksAhead--;
      if (configuration === undefined || this.#configuration === undefined) return;
      const received = await configuration.take(digest, offset, bytes);
      if (received === undefined) return;
      this.#parts.send({ type: 'stored', digest, bytes: received });
      await this.#provisionIfReceived(configuration);
    });
  }

  /** Nothing more is made ready. */
  close(): void {
    const configuration = this.#configuration;
    this.#configuration = undefined;
    this.#then(async () => configuration?.abandon());
  }

  /** Does it after what is under way. */
  #then(action: () => Promise<void>): void {
    this.#work = this.#work.then(action).catch(this.#parts.failed);
  }

  async #provisionIfReceived(configuration: Configuration): Promise<void> {
    const { received, ready } = this.#parts;
    const isStale = (): boolean => this.#configuration !== configuration;
    if (!configuration.isReceived || isStale() || !received()) return;
    const tasks = await configuration.provision(isStale);
    if (isStale()) {
      for (const { installation } of tasks.values()) installation.release();
      return;
    }
    ready(tasks, { type: 'ready', config: configuration.number, tasks: configuration.statesOf(tasks) });
  }
}
