/** Who is at the other end of a link, before anything else is said. */
import type { KnownHubs } from './identity/known-hubs.js';
import {
  isSignedBy,
  ProtocolError,
  signBytes,
  transcriptBytes,
  VERSIONS,
  type HubMessage,
  type SigningKey,
  type Transcript,
} from './protocol/index.js';

export interface HandshakeParts {
  readonly key: SigningKey;
  readonly hubs: KnownHubs;
  readonly binding: Uint8Array;
  /** The one of the greeting: fresh for each connection. */
  readonly nonce: Uint8Array;
}

export interface Identified {
  /** The hub's public key, in hex: what its uploads and its state are kept by. */
  readonly hub: string;
  /** Of the transcript, by the provider. */
  readonly signature: Uint8Array;
}

type Hello = Extract<HubMessage, { type: 'hello' }>;

/** @throws ProtocolError 'version' or 'identity' */
export async function identify(hello: Hello, { key, hubs, binding, nonce }: HandshakeParts): Promise<Identified> {
  if (!VERSIONS.includes(hello.version)) {
    throw new ProtocolError('version', `This provider speaks version ${VERSIONS.join(', ')}, and not ${hello.version}`);
  }
  const transcript: Transcript = {
    version: hello.version,
    binding,
    providerNonce: nonce,
    hubNonce: hello.nonce,
    providerKey: key.publicKey,
    hubKey: hello.key,
    stateEpoch: hello.stateEpoch,
  };
  if (!isSignedBy(hello.key, transcriptBytes('hub', transcript), hello.signature)) {
    throw new ProtocolError('identity', 'The signature of the hello is not the hub’s, or not of this connection');
  }
  if (!hubs.has(hello.key)) await admit(hello, hubs, transcriptBytes('join', transcript));
  return {
    hub: Buffer.from(hello.key).toString('hex'),
    signature: signBytes(key, transcriptBytes('provider', transcript)),
  };
}

async function admit({ key, join }: Hello, hubs: KnownHubs, transcript: Uint8Array): Promise<void> {
  await hubs.refresh();
  if (hubs.has(key)) return;
  if (join === undefined)
    throw new ProtocolError('identity', 'This provider does not know the hub: a join token is needed');
  if (await hubs.join(key, transcript, join)) return;
  throw new ProtocolError('identity', 'The join token is not valid here, or was used: ask for another');
}
