/**
 * A certificate that a key has signed for itself. Who connects compares it
 * with the one of the join token, so that nobody else's word is needed.
 *
 * It is written here, as it needs one structure and one algorithm only:
 * X.509 version 3 (RFC 5280) with Ed25519 (RFC 8410).
 */
import { createPublicKey, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { signBytes, type SigningKey } from '../protocol/index.js';

export interface CertificateOptions {
  readonly key: SigningKey;
  /** The host it is for: a name or an address. */
  readonly host: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** @returns the certificate in PEM. */
export function selfSigned({ key, host, fromMs, untilMs }: CertificateOptions): string {
  const subject = name(host);
  const tbs = sequence(
    tagged(0, integer(Buffer.from([2]))),
    integer(positive(randomBytes(16))),
    ED25519,
    subject,
    sequence(time(fromMs), time(untilMs)),
    subject,
    createPublicKey(key.privateKey).export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(extension('551d11', sequence(alternativeName(host))))),
  );
  const der = sequence(tbs, ED25519, bitString(signBytes(key, tbs)));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** 1.3.101.112 */
const ED25519 = sequence(oid('2b6570'));
/** id-at-commonName: 2.5.4.3 */
const COMMON_NAME = oid('550403');

function name(host: string): Buffer {
  // A common name has at most 64 characters: RFC 5280, appendix A.1.
  return sequence(element(0x31, sequence(COMMON_NAME, element(0x0c, Buffer.from(host.slice(0, 64))))));
}

/** @param id The OID's bytes, in hex. */
function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), element(0x04, value));
}

function alternativeName(host: string): Buffer {
  const family = isIP(host);
  if (family === 0) return element(0x82, Buffer.from(host));
  return element(0x87, family === 4 ? Buffer.from(host.split('.').map(Number)) : ipv6Bytes(host));
}

function ipv6Bytes(host: string): Buffer {
  const [head = '', tail] = host.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const last = tail === undefined ? [] : groups(tail);
  const first = groups(head);
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0');
  return Buffer.from([...first, ...zeros, ...last].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** GeneralizedTime, in UTC and whole seconds; before 2050 it is to be UTCTime: RFC 5280, section 4.1.2.5. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\..*$/g, '');
  const isShort = new Date(ms).getUTCFullYear() < 2050;
  return isShort ? element(0x17, Buffer.from(`${digits.slice(2)}Z`)) : element(0x18, Buffer.from(`${digits}Z`));
}

function sequence(...items: readonly Uint8Array[]): Buffer {
  return element(0x30, Buffer.concat(items));
}

function tagged(number: number, contents: Buffer): Buffer {
  return element(0xa0 + number, contents);
}

function integer(bytes: Buffer): Buffer {
  return element(0x02, bytes);
}

function oid(hex: string): Buffer {
  return element(0x06, Buffer.from(hex, 'hex'));
}

function bitString(bytes: Uint8Array): Buffer {
  return element(0x03, Buffer.concat([Buffer.from([0]), bytes]));
}

/** An integer's first bit is its sign, and its first byte is not 0. */
function positive(bytes: Buffer): Buffer {
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

function element(tag: number, contents: Uint8Array): Buffer {
  const { length } = contents;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), contents]);
}
