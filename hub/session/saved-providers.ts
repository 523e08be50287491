/** The providers that a hub knows, and the key it shows them: files in its data folder, readable by their owner only. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  newSigningKey,
  readJoinToken,
  readSigningKey,
  writeSigningKey,
  type JoinToken,
  type SigningKey,
} from '../../provider/protocol/index.js';
import { SESSION_BOUNDS } from './limits.js';

export interface SavedProvider {
  /** What a person calls it. */
  readonly name: string;
  readonly token: JoinToken;
}

const PROVIDERS = 'providers.json';
const KEY = 'hub-key.pem';
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** @throws Error naming the file when it holds something else. */
export async function savedProviders(dataDir: string): Promise<readonly SavedProvider[]> {
  const file = join(dataDir, PROVIDERS);
  const text = await readIfThere(file);
  if (text === undefined) return [];
  return Object.entries(tokensOf(text, file)).map(([name, line]) => {
    const read = readJoinToken(line);
    if (!read.ok) throw new Error(`Cannot use ${file}: ${name}: ${read.fault}`);
    return { name, token: read.token };
  });
}

/** Keeps a join token under a name, in place of an earlier one. @throws Error saying what is wrong with either. */
export async function saveProvider(dataDir: string, name: string, line: string): Promise<SavedProvider> {
  if (!NAME.test(name)) throw new Error(`A provider's name must be of small letters, digits and -: "${name}" is not`);
  const read = readJoinToken(line);
  if (!read.ok) throw new Error(read.fault);
  await mkdir(dataDir, { recursive: true });
  const file = join(dataDir, PROVIDERS);
  const text = await readIfThere(file);
  const tokens = { ...(text === undefined ? {} : tokensOf(text, file)), [name]: line.trim() };
  if (Object.keys(tokens).length > SESSION_BOUNDS.providers) {
    throw new Error(`A hub must have at most ${SESSION_BOUNDS.providers} providers`);
  }
  await writeSecret(file, `${JSON.stringify(tokens, undefined, 2)}\n`);
  return { name, token: read.token };
}

/** The key that the hub shows to providers: made when it is first asked for. */
export async function hubKey(dataDir: string): Promise<SigningKey> {
  const file = join(dataDir, KEY);
  const kept = await readIfThere(file);
  if (kept !== undefined) return readSigningKey(kept);
  const key = newSigningKey();
  await mkdir(dataDir, { recursive: true });
  await writeSecret(file, writeSigningKey(key));
  return key;
}

function tokensOf(text: string, file: string): Readonly<Record<string, string>> {
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const entries = Object.entries(value).map(([name, line]: [string, unknown]) => [name, line] as const);
    if (entries.every((entry): entry is readonly [string, string] => typeof entry[1] === 'string')) {
      return Object.fromEntries(entries);
    }
  }
  throw new Error(`Cannot use ${file} as it must hold an object of names and join tokens`);
}

async function writeSecret(file: string, text: string): Promise<void> {
  const temporary = `${file}.new`;
  await writeFile(temporary, text, { mode: 0o600 });
  await rename(temporary, file);
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
