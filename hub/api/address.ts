/** Where a running hub's API is, for commands on the same machine: a file in the hub's data folder. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const FILE = 'api.json';

export interface ApiAddress {
  readonly url: string;
  readonly pid: number;
}

export async function writeAddress(dataDir: string, address: ApiAddress): Promise<void> {
  const file = join(dataDir, FILE);
  await writeFile(`${file}.new`, `${JSON.stringify(address)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

export async function removeAddress(dataDir: string): Promise<void> {
  await rm(join(dataDir, FILE), { force: true });
}

/** @returns undefined when no hub says that it runs there. */
export async function readAddress(dataDir: string): Promise<ApiAddress | undefined> {
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
    if (typeof value !== 'object' || value === null || !('url' in value) || !('pid' in value)) return undefined;
    const { url, pid } = value;
    return typeof url === 'string' && typeof pid === 'number' ? { url, pid } : undefined;
  } catch {
    return undefined; // half of a file is no address
  }
}
