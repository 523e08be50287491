import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { mkdir, readdir, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PROVIDER_BOUNDS } from '../policy.js';
import { isRecord } from '../protocol/frame.js';
import { readIfThere, writeSecret } from './identity.js';

/**
 * Hubs that may open sessions, by their public keys, and secrets of join tokens that nobody has used yet.
 *
 * The keys are one file, which the provider alone writes. Each secret is a file of its own beside it: `sterna provider
 * invite` adds one while the provider runs, and whoever removes it has used it, as only one can.
 */
export class KnownHubs {
  readonly #file: string;
  readonly #invitations: string;
  readonly #keys: Set<string>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, keys: readonly string[]) {
    this.#file = file;
    this.#invitations = join(dirname(file), 'invitations');
    this.#keys = new Set(keys);
  }

  /** @throws Error when the file holds something else. */
  static async open(file: string): Promise<KnownHubs> {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const hubs = new KnownHubs(file, await keysIn(file));
    await mkdir(hubs.#invitations, { recursive: true, mode: 0o700 });
    return hubs;
  }

  /** Takes up keys that were added to the file by hand. */
  async refresh(): Promise<void> {
    for (const key of await keysIn(this.#file)) this.#keys.add(key);
  }

  has(key: Uint8Array): boolean {
    return this.#keys.has(textOf(key));
  }

  /** Lets one hub more join. The oldest invitations go when there are too many. */
  async invite(secret: Uint8Array): Promise<void> {
    await writeSecret(join(this.#invitations, createHash('sha256').update(secret).digest('hex')), textOf(secret));
    const files = await this.#open();
    for (const file of files.slice(0, -PROVIDER_BOUNDS.invitations)) await rm(file, { force: true });
  }

  /**
   * Lets a hub in that has the secret of an invitation, which is used up.
   * @param mac HMAC-SHA256 of `transcript` with the secret.
   * @returns whether it was let in; when it is, it is on disk.
   */
  async join(key: Uint8Array, transcript: Uint8Array, mac: Uint8Array): Promise<boolean> {
    if (this.#keys.size >= PROVIDER_BOUNDS.hubs) return false;
    for (const file of await this.#open()) {
      const secret = await readIfThere(file);
      if (secret === undefined) continue;
      const expected = createHmac('sha256', Buffer.from(secret, 'base64url')).update(transcript).digest();
      if (expected.length !== mac.length || !timingSafeEqual(expected, mac)) continue;
      if (!(await isRemovedByMe(file))) return false;
      this.#keys.add(textOf(key));
      await this.#write();
      return true;
    }
    return false;
  }

  /** Files of invitations, the oldest first. */
  async #open(): Promise<readonly string[]> {
    const files = [];
    for (const name of await readdir(this.#invitations)) {
      const file = join(this.#invitations, name);
      // It may have been used since.
      const found = /^[0-9a-f]{64}$/.test(name) ? await stat(file).catch(() => undefined) : undefined;
      if (found !== undefined) files.push({ file, atMs: found.mtimeMs });
    }
    return files.toSorted((a, b) => a.atMs - b.atMs).map(({ file }) => file);
  }

  #write(): Promise<void> {
    const text = `${JSON.stringify({ hubs: [...this.#keys] }, undefined, 2)}\n`;
    this.#writing = this.#writing.catch(() => undefined).then(() => writeSecret(this.#file, text));
    return this.#writing;
  }
}

async function isRemovedByMe(file: string): Promise<boolean> {
  try {
    await unlink(file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

async function keysIn(file: string): Promise<readonly string[]> {
  const text = await readIfThere(file);
  if (text === undefined) return [];
  const value = parsed(text);
  if (isRecord(value) && areTexts(value['hubs'])) return value['hubs'];
  throw new Error(`Cannot use ${file} as it must hold { "hubs": [...] }`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
