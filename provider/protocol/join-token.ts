import { KEY_BYTES, SHA256_BYTES } from './sizes.js';

/** What a person carries from a provider to a hub, as one line. */
export interface JoinToken {
  /** wss://HOST:PORT, or ws:// for loopback, and only for that. */
  readonly url: string;
  /** The provider's public key: Ed25519. */
  readonly key: Uint8Array;
  /** sha256 of its certificate, as DER; undefined where there is no TLS. */
  readonly certificate: Uint8Array | undefined;
  /** Lets one hub make itself known, once. */
  readonly secret: Uint8Array;
}

const PREFIX = 'sterna1';

/** `sterna1.<address>.<key>.<certificate>.<secret>`, each as base64url. */
export function writeJoinToken({ url, key, certificate, secret }: JoinToken): string {
  const pieces = [Buffer.from(url), key, certificate ?? new Uint8Array(), secret];
  return [PREFIX, ...pieces.map((piece) => Buffer.from(piece).toString('base64url'))].join('.');
}

export type ReadJoinToken =
  | { readonly ok: true; readonly token: JoinToken }
  | { readonly ok: false; readonly fault: string };

export function readJoinToken(text: string): ReadJoinToken {
  const [prefix, ...pieces] = text.trim().split('.');
  const [address, key, certificate, secret] = pieces.map((piece) => Buffer.from(piece, 'base64url'));
  const whole = prefix === PREFIX && pieces.length === 4 && text.length <= 2_048;
  if (!whole || address === undefined || key === undefined || certificate === undefined || secret === undefined) {
    return refused('it must be the one line that "sterna provider init" or "sterna provider invite" printed');
  }
  const url = address.toString('utf8');
  if (!URL.canParse(url) || !/^wss?:$/.test(new URL(url).protocol)) return refused('its address is no ws or wss URL');
  if (!isSecret(new URL(url))) return refused('ws is for loopback only: what is sent there could be read on its way');
  if (key.length !== KEY_BYTES || secret.length !== SHA256_BYTES) return refused('it is cut or changed');
  const isSecure = url.startsWith('wss:');
  if (certificate.length !== (isSecure ? SHA256_BYTES : 0)) return refused('it is cut or changed');
  return { ok: true, token: { url, key, certificate: isSecure ? certificate : undefined, secret } };
}

function isSecret({ protocol, hostname }: URL): boolean {
  return protocol === 'wss:' || hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

function refused(fault: string): ReadJoinToken {
  return { ok: false, fault: `The join token cannot be used: ${fault}` };
}
