/** Who is at the other end of a link, before anything else is said. */
import { hexOf, type KnownHubs } from './identity/known-hubs.js';
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
  /** Milliseconds since 1970 (UTC). */
  readonly nowMs: number;
}

export interface Identified {
  /** The hub's public key, in hex: what its uploads and its state are kept by. */
  readonly hub: string;
  /** Of the transcript, by the provider. */
  readonly signature: Uint8Array;
}

type Hello = Extract<HubMessage, { type: 'hello' }>;

/** @throws ProtocolError 'version' or 'identity' */
export async function identify(
  hello: Hello,
  { key, hubs, binding, nonce, nowMs }: HandshakeParts,
): Promise<Identified> {
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
  const hub = hexOf(hello.key);
  if (!hubs.has(hub)) await admit(hello, { hubs, transcript: transcriptBytes('join', transcript), nowMs });
  return {
    hub,
    signature: signBytes(key, transcriptBytes('provider', transcript)),
  };
}

interface Admission {
  readonly hubs: KnownHubs;
  readonly transcript: Uint8Array;
  readonly nowMs: number;
}

async function admit({ key, name, join }: Hello, { hubs, transcript, nowMs }: Admission): Promise<void> {
  if (join === undefined)
    throw new ProtocolError('identity', 'This provider does not know the hub: a join token is needed');
  if (await hubs.join({ key, name, nowMs }, transcript, join)) return;
  const why = 'This provider does not know the hub, and its join token was used, has expired, or is not of here';
  throw new ProtocolError('identity', `${why}: ask for another`);
}
