/** Who a provider is, and whom it lets in: files in its data folder, readable by their owner only. */
import { createHash, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { newSigningKey, readSigningKey, writeSigningKey, type SigningKey } from '../protocol/index.js';
import { syncFolder } from '../sync-folder.js';
import { selfSigned } from './certificate.js';

export interface ProviderIdentity {
  readonly key: SigningKey;
  /** PEM. */
  readonly certificate: string;
  /** The address that hubs are told. */
  readonly url: string;
}

const KEY = 'provider-key.pem';
const CERTIFICATE = 'provider-certificate.pem';
const ADDRESS = 'provider-address';

export interface NewIdentity {
  readonly dataDir: string;
  /** wss://HOST:PORT, or ws:// for loopback. */
  readonly url: string;
  readonly nowMs: number;
  readonly validMs: number;
}

/** Makes key and certificate, or a new certificate for the key that is there. */
export async function makeIdentity({ dataDir, url, nowMs, validMs }: NewIdentity): Promise<ProviderIdentity> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const kept = await readIfThere(join(dataDir, KEY));
  const key = kept === undefined ? newSigningKey() : readSigningKey(kept);
  if (kept === undefined) await writeSecret(join(dataDir, KEY), writeSigningKey(key));
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  // A minute earlier: clocks differ.
  const certificate = selfSigned({ key, host, fromMs: nowMs - 60_000, untilMs: nowMs + validMs });
  await writeSecret(join(dataDir, CERTIFICATE), certificate);
  await writeSecret(join(dataDir, ADDRESS), `${url}\n`);
  return { key, certificate, url };
}

/** What `makeIdentity` made, or undefined. @throws Error naming a file that holds something else. */
export async function readIdentity(dataDir: string): Promise<ProviderIdentity | undefined> {
  const [key, certificate, url] = await Promise.all(
    [KEY, CERTIFICATE, ADDRESS].map((name) => readIfThere(join(dataDir, name))),
  );
  if (key === undefined || certificate === undefined || url === undefined) return undefined;
  try {
    return { key: readSigningKey(key), certificate, url: url.trim() };
  } catch (error) {
    throw new Error(`Cannot use ${join(dataDir, KEY)}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** sha256 of the certificate as DER. */
export function certificateDigest(pem: string): Uint8Array {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest();
}

/** Written to a temporary name first: a kill, or a power cut, leaves the old or the new. It is on disk then. */
export async function writeSecret(file: string, text: string): Promise<void> {
  const temporary = `${file}.new`;
  await writeFile(temporary, text, { mode: 0o600, flush: true });
  await rename(temporary, file);
  await syncFolder(dirname(file));
}

export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
