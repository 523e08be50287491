import { webcrypto } from 'node:crypto';

/** The sha256 of data in hex, computed beside the main thread: 12 MB would keep that from its events for 20 ms. */
export async function sha256InBackground(data: Uint8Array): Promise<string> {
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', data)).toString('hex');
}
