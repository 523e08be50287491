import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { madeOnce } from '../data-folder/index.js';

const FILE = 'api-token';

/** 32 random bytes, as base64url. */
const TOKEN = /^[0-9A-Za-z_-]{43}$/;

/**
 * What whoever controls the hub must know: made on the first start and kept in
 * the hub's data folder, readable by its owner only.
 * @throws Error when the file holds something else.
 */
export async function apiToken(dataDir: string): Promise<string> {
  await madeOnce(dataDir, FILE, () => randomBytes(32).toString('base64url'));
  return keptToken(dataDir);
}

/** The token of a hub that has been started before. @throws Error naming the file. */
export async function keptToken(dataDir: string): Promise<string> {
  const file = join(dataDir, FILE);
  const kept = (await readFile(file, 'utf8')).trim();
  if (TOKEN.test(kept)) return kept;
  throw new Error(`Cannot use ${file} as it must hold 43 letters, digits, - and _: delete it to have it made anew`);
}

/** Whether a request's `Authorization` is that token, in a time that tells nothing about it. */
export function isAuthorized(header: string | undefined, token: string): boolean {
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
