/**
 * Where a running hub's API is, for commands on the same machine: a file in the hub's data folder.
 *
 * A hub that is killed leaves it behind, and whoever listens at that address then would be sent the token. So it says which
 * start of the hub wrote it, and counts only while that one has the lock on the folder.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { holderOf } from '../store/index.js';

const FILE = 'api.json';

interface ApiAddress {
  readonly url: string;
  /** That of the lock. */
  readonly mark: number;
}

/** Written by the process that has the lock on the folder. */
export async function writeAddress(dataDir: string, url: string): Promise<void> {
  const file = join(dataDir, FILE);
  const address: ApiAddress = { url, mark: holderOf(dataDir)?.mark ?? 0 };
  await writeFile(`${file}.new`, `${JSON.stringify(address)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

export async function removeAddress(dataDir: string): Promise<void> {
  await rm(join(dataDir, FILE), { force: true });
}

export type Found = { readonly kind: 'listens'; readonly url: string } | { readonly kind: 'silent' | 'no-hub' };

/** Where the hub is that has the folder now: `silent` as long as its API does not listen. */
export async function findHub(dataDir: string): Promise<Found> {
  const holder = holderOf(dataDir);
  if (holder === undefined) return { kind: 'no-hub' };
  const address = await keptAddress(dataDir);
  return address?.mark === holder.mark ? { kind: 'listens', url: address.url } : { kind: 'silent' };
}

async function keptAddress(dataDir: string): Promise<ApiAddress | undefined> {
  let text: string;
  try {
    text = await readFile(join(dataDir, FILE), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  return addressOf(text);
}

function addressOf(text: string): ApiAddress | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('url' in value) || !('mark' in value)) return undefined;
    const { url, mark } = value;
    return typeof url === 'string' && typeof mark === 'number' ? { url, mark } : undefined;
  } catch {
    return undefined; // half of a file is no address
  }
}
