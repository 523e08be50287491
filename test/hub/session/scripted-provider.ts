/** A provider that says what a test wants, whether or not it is allowed, over a link in memory. */
import { randomBytes } from 'node:crypto';
import type { RemoteProviderParts } from '../../../hub/session/index.js';
import {
  decodeHubMessage,
  encodeProviderMessage,
  newSigningKey,
  NONCE_BYTES,
  signBytes,
  transcriptBytes,
  type HubMessage,
  type JoinToken,
  type ProviderMessage,
} from '../../../provider/protocol/index.js';

type Connect = NonNullable<RemoteProviderParts['connect']>;
type Hello = Extract<HubMessage, { type: 'hello' }>;
type Welcome = Extract<ProviderMessage, { type: 'welcome' }>;

export interface ScriptOptions {
  /** In place of what the welcome says. */
  readonly welcome?: Partial<Welcome>;
  /** What comes in the same breath as the welcome. */
  readonly after?: readonly ProviderMessage[];
  /** What it does with the hub's messages, besides saying welcome. */
  readonly heard?: (message: HubMessage, provider: ScriptedProvider) => void;
}

export class ScriptedProvider {
  readonly heard: HubMessage[] = [];
  readonly token: JoinToken;
  connections = 0;
  closed = 0;
  readonly #key = newSigningKey();
  readonly #options: ScriptOptions;
  #events: Parameters<Connect>[1] | undefined;

  constructor(options: ScriptOptions = {}) {
    this.#options = options;
    this.token = {
      url: 'ws://127.0.0.1:1',
      key: this.#key.publicKey,
      certificate: undefined,
      secret: Buffer.alloc(32, 1),
    };
  }

  readonly connect: Connect = (_, events) => {
    this.connections++;
    this.#events = events;
    const providerNonce = randomBytes(NONCE_BYTES);
    const gone = (): void => void this.closed++;
    setImmediate(() => this.say({ type: 'greeting', versions: [2], nonce: providerNonce, name: 'scripted' }));
    return Promise.resolve({
      binding: new Uint8Array(),
      bufferedBytes: 0,
      send: (bytes) => setImmediate(() => this.#hear(decodeHubMessage(Buffer.from(bytes)), providerNonce)),
      close: gone,
      cut: gone,
    });
  };

  /** All of them arrive at once. */
  say(...messages: readonly ProviderMessage[]): void {
    for (const message of messages) this.#events?.message(Buffer.from(encodeProviderMessage(message)));
  }

  heardOf<Type extends HubMessage['type']>(type: Type): readonly Extract<HubMessage, { type: Type }>[] {
    return this.heard.filter((message): message is Extract<HubMessage, { type: Type }> => message.type === type);
  }

  #hear(message: HubMessage, providerNonce: Uint8Array): void {
    this.heard.push(message);
    const { welcome, after = [], heard } = this.#options;
    if (message.type === 'hello') this.say({ ...this.#welcome(message, providerNonce), ...welcome }, ...after);
    heard?.(message, this);
  }

  #welcome(hello: Hello, providerNonce: Uint8Array): Welcome {
    const { version, nonce: hubNonce, key: hubKey, stateEpoch } = hello;
    const providerKey = this.#key.publicKey;
    const transcript = { version, binding: new Uint8Array(), providerNonce, hubNonce, providerKey, hubKey, stateEpoch };
    return {
      type: 'welcome',
      version,
      signature: signBytes(this.#key, transcriptBytes('provider', transcript)),
      heartbeatMs: 1_000,
      leaseMs: 5_000,
      window: 8,
      windowBytes: 1_000_000,
      stateBytes: 1_000_000,
      capacity: { threads: 1, fuelPerSecond: 0 },
      revision: 0,
      stubs: 'memory',
    };
  }
}

/** Executes nothing, but is ready for everything that it is asked to execute. */
export function isReadyForAll(message: HubMessage, provider: ScriptedProvider): void {
  if (message.type !== 'configure') return;
  const tasks = message.tasks.map(({ name, limits }) => ({ name, state: 'ready', limits, startFuel: 0 }) as const);
  provider.say({ type: 'ready', config: message.config, tasks });
}
