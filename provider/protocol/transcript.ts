/**
 * What both sides sign, so that each knows whom it talks to and that what it
 * hears was said now, on this connection:
 *
 *     "sterna session 1\n" role version binding nonces keys name
 *
 * Each piece has its length before it, so that no two transcripts are the same
 * bytes. The nonces are fresh, so a recorded hello is worth nothing later. The
 * binding is the TLS connection's own (RFC 9266), so that a hello cannot be
 * handed on through somebody in between; without TLS it is empty.
 */
export interface Transcript {
  readonly version: number;
  /** `tls-exporter` of the connection, or no bytes. */
  readonly binding: Uint8Array;
  readonly providerNonce: Uint8Array;
  readonly hubNonce: Uint8Array;
  readonly providerKey: Uint8Array;
  readonly hubKey: Uint8Array;
  readonly stateEpoch: string;
}

/** The label of the binding. RFC 9266, section 2. */
export const BINDING_LABEL = 'EXPORTER-Channel-Binding';
export const BINDING_BYTES = 32;

/** @param role Who signs; `join` for what the secret of a token is applied to. */
export function transcriptBytes(role: 'hub' | 'provider' | 'join', transcript: Transcript): Uint8Array {
  const { version, binding, providerNonce, hubNonce, providerKey, hubKey, stateEpoch } = transcript;
  const pieces = [
    Buffer.from('sterna session 1\n'),
    Buffer.from(role),
    Buffer.from(String(version)),
    binding,
    providerNonce,
    hubNonce,
    providerKey,
    hubKey,
    Buffer.from(stateEpoch),
  ];
  return Buffer.concat(pieces.flatMap((piece) => [lengthOf(piece), piece]));
}

function lengthOf(piece: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(piece.length);
  return length;
}
