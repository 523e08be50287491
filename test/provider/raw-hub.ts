/** A hub's end of a session that says what a test wants, whether or not it is allowed. */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { connectLink, type ProviderLink } from '../../hub/session/provider-link.js';
import {
  decodeProviderMessage,
  encodeHubMessage,
  isSignedBy,
  NONCE_BYTES,
  signBytes,
  transcriptBytes,
  type HubMessage,
  type JoinToken,
  type ProviderMessage,
  type RemoteRun,
  type SigningKey,
  type TaskSpec,
  type Transcript,
} from '../../provider/protocol/index.js';
import { DEFAULT_LIMITS } from '../../runtime/index.js';
import { until } from '../runtime/eventually.js';

type Hello = Extract<HubMessage, { type: 'hello' }>;
type Welcome = Extract<ProviderMessage, { type: 'welcome' }>;

const WAIT_MS = 30_000;

export class RawHub {
  readonly received: ProviderMessage[] = [];
  /** Messages that were looked at. */
  #taken = 0;
  #link: ProviderLink | undefined;
  closedWith: string | undefined;
  /** Told of what `next` passes over. */
  passedOver: (message: ProviderMessage) => void = () => undefined;
  readonly #token: JoinToken;
  readonly #key: SigningKey;

  constructor(token: JoinToken, key: SigningKey) {
    this.#token = token;
    this.#key = key;
  }

  /** Connects, and takes the greeting. */
  async connect(): Promise<Extract<ProviderMessage, { type: 'greeting' }>> {
    const { url, certificate } = this.#token;
    this.#link = await connectLink(
      { url, certificate, nowMs: Date.now() },
      {
        message: (bytes) => this.received.push(decodeProviderMessage(bytes)),
        closed: (reason) => (this.closedWith = reason),
      },
    );
    return this.next('greeting');
  }

  /** The hello that is due. */
  hello(greeting: Extract<ProviderMessage, { type: 'greeting' }>, stateEpoch = 'epoch'): Hello {
    const hubNonce = randomBytes(NONCE_BYTES);
    const transcript = this.#transcript(greeting.nonce, hubNonce, stateEpoch);
    return {
      type: 'hello',
      version: 2,
      key: this.#key.publicKey,
      nonce: hubNonce,
      name: 'raw',
      signature: signBytes(this.#key, transcriptBytes('hub', transcript)),
      join: createHmac('sha256', this.#token.secret).update(transcriptBytes('join', transcript)).digest(),
      stateEpoch,
    };
  }

  /** Connects and says hello. @throws Error when the welcome is not the provider's. */
  async open(): Promise<Welcome> {
    const greeting = await this.connect();
    const hello = this.hello(greeting);
    this.send(hello);
    const welcome = await this.next('welcome');
    const transcript = this.#transcript(greeting.nonce, hello.nonce, hello.stateEpoch);
    if (!isSignedBy(this.#token.key, transcriptBytes('provider', transcript), welcome.signature)) {
      throw new Error('the welcome is not signed by the provider');
    }
    return welcome;
  }

  send(message: HubMessage): void {
    this.#link?.send(encodeHubMessage(message));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#link?.send(bytes);
  }

  cut(): void {
    this.#link?.cut();
  }

  /**
   * The next message of one of these types; others before it are passed over.
   * @throws Error when the provider closes instead.
   */
  async next<Type extends ProviderMessage['type']>(
    ...types: readonly Type[]
  ): Promise<Extract<ProviderMessage, { type: Type }>> {
    for (;;) {
      await until(
        `the provider sends ${types.join(' or ')}, after ${this.received.map((each) => each.type).join(', ')}`,
        WAIT_MS,
        () => {
          return this.received.length > this.#taken || this.closedWith !== undefined;
        },
      );
      const message = this.received[this.#taken];
      if (message === undefined) throw new Error(`the link was closed before ${types.join()}: ${this.closedWith}`);
      this.#taken++;
      if (isOfType(message, types)) return message;
      this.passedOver(message);
      if (message.type === 'close') throw new Error(`${message.code}: ${message.message}`);
    }
  }

  /** Why the provider ends the session. */
  async refusal(): Promise<string> {
    const { code, message } = await this.next('close');
    return `${code}: ${message}`;
  }

  /** Has a component installed: what `provider/README.md` calls configuring. @returns how many bytes were uploaded. */
  async configure(config: number, tasks: readonly TaskSpec[], component: Uint8Array): Promise<number> {
    this.send({ type: 'configure', config, tasks });
    const { nonce, digests } = await this.next('challenge');
    const proof = createHash('sha256').update(nonce).update(component).digest();
    this.send({ type: 'proofs', config, proofs: digests.map((digest) => ({ digest, proof })) });
    const { components } = await this.next('wanted');
    let uploaded = 0;
    for (const { digest, offset } of components) {
      for (let at = offset; at < component.length; at += 100_000) {
        const bytes = component.subarray(at, at + 100_000);
        this.send({ type: 'chunk', digest, offset: at, bytes });
        await this.next('stored');
        uploaded += bytes.length;
      }
    }
    return uploaded;
  }

  #transcript(providerNonce: Uint8Array, hubNonce: Uint8Array, stateEpoch: string): Transcript {
    return {
      version: 2,
      binding: this.#link?.binding ?? new Uint8Array(),
      providerNonce,
      hubNonce,
      providerKey: this.#token.key,
      hubKey: this.#key.publicKey,
      stateEpoch,
    };
  }
}

/** A task that may write its own bucket and publish anything. */
export function specOf(name: string, component: Uint8Array, change: Partial<TaskSpec> = {}): TaskSpec {
  return {
    name,
    digest: createHash('sha256').update(component).digest('hex'),
    bytes: component.length,
    limits: DEFAULT_LIMITS,
    grants: { publish: ['#'], buckets: { default: { id: `task/${name}/default`, access: 'read-write' } } },
    config: {},
    subjects: 'verbatim',
    ...change,
  };
}

export function runOf(n: number, task: string, change: Partial<RemoteRun> = {}): RemoteRun {
  return {
    n,
    task,
    runId: `e${n}/${task}`,
    attempt: 1,
    epoch: 1,
    event: {
      id: `e${n}`,
      topic: 'in/a',
      payload: Buffer.from(`payload ${n}`),
      qos: 1,
      retain: false,
      arrivedAtMs: 1,
      captures: { device: 'a' },
    },
    clockMs: 1,
    seed: n,
    revision: 0,
    recordReads: false,
    ...change,
  };
}

function isOfType<Type extends ProviderMessage['type']>(
  message: ProviderMessage,
  types: readonly Type[],
): message is Extract<ProviderMessage, { type: Type }> {
  return types.some((type) => message.type === type);
}
