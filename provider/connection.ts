import { randomBytes } from 'node:crypto';
import { identify } from './handshake.js';
import type { Link, LinkEvents } from './link.js';
import { PROVIDER_BOUNDS } from './policy.js';
import {
  beginHearing,
  deadAtMs,
  decodeHubMessage,
  encodeProviderMessage,
  GREETED,
  hear,
  nextState,
  NONCE_BYTES,
  PROTOCOL_BOUNDS,
  ProtocolError,
  VERSIONS,
  type Hearing,
  type HubMessage,
  type ProviderMessage,
} from './protocol/index.js';
import type { ProviderOptions } from './provider-options.js';
import type { Session } from './session.js';

/** What a connection leads to, once it is known whose it is. */
export interface Door {
  readonly times: NonNullable<ProviderOptions['times']>;
  /** @param hub Its public key, in hex. @throws ProtocolError 'busy' */
  begin(hello: Extract<HubMessage, { type: 'hello' }>, hub: string, link: Link): Session;
  welcome(hub: string, signature: Uint8Array, version: number): ProviderMessage;
  /** It is over. */
  forget(connection: Connection): void;
}

/** One link, from its greeting to its end. */
export class Connection implements LinkEvents {
  readonly #link: Link;
  readonly #door: Door;
  readonly #options: ProviderOptions;
  readonly #nonce = randomBytes(NONCE_BYTES);
  readonly #sinceMs: number;
  #hearing: Hearing;
  #session: Session | undefined;
  #isIdentifying = false;
  #isOver = false;
  #second = 0;
  #messages = 0;

  constructor(door: Door, link: Link, options: ProviderOptions) {
    this.#door = door;
    this.#link = link;
    this.#options = options;
    this.#sinceMs = options.nowMs();
    this.#hearing = beginHearing(this.#sinceMs);
  }

  greet(): void {
    const { name } = this.#options;
    this.#link.send(encodeProviderMessage({ type: 'greeting', versions: VERSIONS, nonce: this.#nonce, name }));
  }

  message(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#hearing = hear(this.#hearing, this.#options.nowMs(), this.#door.times);
    this.#slowDown();
    try {
      if (this.#session === undefined && bytes.length > PROTOCOL_BOUNDS.helloBytes) {
        throw new ProtocolError('too-large', `A hello must have at most ${PROTOCOL_BOUNDS.helloBytes} bytes`);
      }
      if (this.#link.bufferedBytes > PROVIDER_BOUNDS.mostBufferedBytes) {
        throw new ProtocolError('window', 'The link takes nothing of what is answered');
      }
      const message = decodeHubMessage(bytes);
      if (this.#session !== undefined) this.#session.receive(message);
      else this.#hello(message);
    } catch (error) {
      this.refuse(error);
    }
  }

  closed(): void {
    this.#isOver = true;
    this.#door.forget(this);
    this.#session?.lost('the link was closed');
  }

  look(nowMs: number): void {
    const { helloMs } = this.#door.times;
    if (this.#isOver) return;
    // What is not taken from the network is not heard.
    if (this.#link.isPaused) this.#hearing = { ...this.#hearing, lastMs: nowMs };
    if (this.#session === undefined && nowMs - this.#sinceMs > helloMs) {
      this.refuse(new ProtocolError('lease', `No hello came within ${helloMs} ms`));
    } else if (this.#session !== undefined && nowMs > deadAtMs(this.#hearing, this.#door.times)) {
      const silentMs = Math.round(nowMs - this.#hearing.lastMs);
      this.refuse(new ProtocolError('lease', `Nothing was heard for ${silentMs} ms`));
    }
  }

  /** Says why, and ends. */
  refuse(error: unknown): void {
    if (this.#isOver) return;
    const code = error instanceof ProtocolError ? error.code : 'internal';
    const message = error instanceof Error ? error.message : String(error);
    if (this.#session !== undefined && !this.#session.isOver) {
      this.#session.close(code, message);
    } else {
      this.#options.observe({ kind: 'refused', remote: this.#link.remote, code, message });
      // Who is not known is told nothing of this machine.
      const told = code === 'internal' ? 'The provider is at fault: its own log says how' : message;
      this.#link.send(encodeProviderMessage({ type: 'close', code, message: told }));
    }
    this.end();
  }

  end(): void {
    this.#isOver = true;
    this.#door.forget(this);
    this.#link.close();
  }

  #hello(message: HubMessage): void {
    nextState(GREETED, message.type === 'configure' || message.type === 'proofs' ? message : { type: message.type });
    if (message.type !== 'hello') return this.end();
    if (this.#isIdentifying) throw new ProtocolError('out-of-turn', 'The hello has not been answered yet');
    this.#isIdentifying = true;
    this.#welcome(message).catch((error: unknown) => this.refuse(error));
  }

  async #welcome(hello: Extract<HubMessage, { type: 'hello' }>): Promise<void> {
    const { key, hubs, clock } = this.#options;
    const { binding } = this.#link;
    const { hub, signature } = await identify(hello, { key, hubs, binding, nonce: this.#nonce, nowMs: clock() });
    if (this.#isOver) return;
    this.#session = this.#door.begin(hello, hub, this.#link);
    this.#link.known();
    this.#link.send(encodeProviderMessage(this.#door.welcome(hub, signature, hello.version)));
  }

  /** More messages in a second than allowed wait until the next: on the hub's side, in the end. */
  #slowDown(): void {
    const nowMs = this.#options.nowMs();
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.#second) [this.#second, this.#messages] = [second, 0];
    this.#messages++;
    if (this.#messages !== this.#options.policy.messagesPerSecond) return;
    this.#link.pause();
    setTimeout(() => this.#link.resume(), (second + 1) * 1_000 - nowMs);
  }
}
