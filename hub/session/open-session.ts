/** From a link to a welcome: both sides show who they are. */
import { createHmac, randomBytes } from 'node:crypto';
import {
  commonVersion,
  decodeProviderMessage,
  encodeHubMessage,
  isSignedBy,
  NONCE_BYTES,
  ProtocolError,
  signBytes,
  transcriptBytes,
  VERSIONS,
  type ProviderMessage,
  type SigningKey,
} from '../../provider/protocol/index.js';
import { withinMs } from '../deadline.js';
import { SESSION_BOUNDS } from './limits.js';
import { NotKnown } from './not-known.js';
import { connectLink, type LinkEvents, type LinkOptions, type ProviderLink } from './provider-link.js';

export interface OpenOptions extends LinkOptions {
  /** The hub's own key. */
  readonly key: SigningKey;
  readonly hubName: string;
  /** The provider's public key, of the join token. */
  readonly providerKey: Uint8Array;
  /** The secret of the join token. */
  readonly secret: Uint8Array;
  /** See `HubMessage.hello`. */
  readonly stateEpoch: string;
  /** Makes the link. Default: `connectLink`. */
  readonly connect?: typeof connectLink | undefined;
}

export interface OpenedLink {
  readonly link: ProviderLink;
  readonly welcome: Extract<ProviderMessage, { type: 'welcome' }>;
  /** From now on, messages go there. Those that came already go first. */
  handOver(events: LinkEvents): void;
}

/**
 * @throws NotKnown when the provider does not let this hub in; ProtocolError when it refuses for another reason, or is not
 *   the one it should be; Error when it cannot be reached.
 */
export async function openLink(options: OpenOptions): Promise<OpenedLink> {
  const inbox = new Inbox();
  const { connect = connectLink } = options;
  const link = await connect(options, inbox);
  try {
    const opened = greetAndWelcome(options, link, inbox);
    if (!(await withinMs(SESSION_BOUNDS.openMs, opened))) throw new Error('the provider does not greet in time');
    return { link, welcome: await opened, handOver: (events) => inbox.handOver(events) };
  } catch (error) {
    link.cut();
    throw error;
  }
}

async function greetAndWelcome(
  options: OpenOptions,
  link: ProviderLink,
  inbox: Inbox,
): Promise<Extract<ProviderMessage, { type: 'welcome' }>> {
  const { key, providerKey, secret, hubName, stateEpoch } = options;
  const greeting = await inbox.next('greeting');
  const version = commonVersion(VERSIONS, greeting.versions);
  if (version === undefined) {
    const theirs = greeting.versions.join(', ');
    throw new ProtocolError('version', `The provider speaks version ${theirs}, and this hub ${VERSIONS.join(', ')}`);
  }
  const hubNonce = randomBytes(NONCE_BYTES);
  const transcript = {
    version,
    binding: link.binding,
    providerNonce: greeting.nonce,
    hubNonce,
    providerKey,
    hubKey: key.publicKey,
    stateEpoch,
  };
  const hello = {
    type: 'hello',
    version,
    key: key.publicKey,
    nonce: hubNonce,
    name: hubName,
    signature: signBytes(key, transcriptBytes('hub', transcript)),
    join: createHmac('sha256', secret).update(transcriptBytes('join', transcript)).digest(),
    stateEpoch,
  } as const;
  link.send(encodeHubMessage(hello));
  const welcome = await inbox.next('welcome');
  if (isSignedBy(providerKey, transcriptBytes('provider', transcript), welcome.signature)) return welcome;
  throw new ProtocolError('identity', 'The provider does not have the key of the join token: somebody else answers');
}

/** Messages that came before somebody waits for them. */
class Inbox implements LinkEvents {
  #messages: Uint8Array[] = [];
  #closed: string | undefined;
  #waiting: (() => void) | undefined;
  #events: LinkEvents | undefined;

  message(bytes: Uint8Array): void {
    if (this.#events !== undefined) return this.#events.message(bytes);
    this.#messages.push(bytes);
    this.#waiting?.();
  }

  closed(reason: string): void {
    this.#closed = reason;
    this.#events?.closed(reason);
    this.#waiting?.();
  }

  /** @throws ProtocolError when it is another message, with the provider's reason if it gives one. */
  async next<Type extends ProviderMessage['type']>(type: Type): Promise<Extract<ProviderMessage, { type: Type }>> {
    while (this.#messages.length === 0 && this.#closed === undefined) {
      await new Promise<void>((resolve) => (this.#waiting = resolve));
    }
    const bytes = this.#messages.shift();
    if (bytes === undefined) throw new Error(this.#closed);
    const message = decodeProviderMessage(bytes);
    if (isOfType(message, type)) return message;
    if (message.type === 'close') {
      const said = `The provider says: ${message.message}`;
      if (message.code === 'identity') throw new NotKnown(said);
      throw new ProtocolError(message.code === 'done' ? 'internal' : message.code, said);
    }
    throw new ProtocolError('out-of-turn', `The provider sent ${message.type} where ${type} was due`);
  }

  handOver(events: LinkEvents): void {
    this.#events = events;
    for (const bytes of this.#messages.splice(0)) events.message(bytes);
    if (this.#closed !== undefined) events.closed(this.#closed);
  }
}

function isOfType<Type extends ProviderMessage['type']>(
  message: ProviderMessage,
  type: Type,
): message is Extract<ProviderMessage, { type: Type }> {
  return message.type === type;
}
