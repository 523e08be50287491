import { createHmac, timingSafeEqual } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PROVIDER_BOUNDS } from '../policy.js';
import { isRecord } from '../protocol/frame.js';
import { readIfThere, writeSecret } from './identity.js';

/** Hubs that may open sessions, by their public keys, and secrets of join tokens that nobody has used yet. */
export class KnownHubs {
  readonly #file: string;
  readonly #keys: Set<string>;
  #secrets: readonly string[];
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, keys: readonly string[], secrets: readonly string[]) {
    this.#file = file;
    this.#keys = new Set(keys);
    this.#secrets = secrets;
  }

  /** @throws Error when the file holds something else. */
  static async open(file: string): Promise<KnownHubs> {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const text = await readIfThere(file);
    if (text === undefined) return new KnownHubs(file, [], []);
    const { hubs, invitations } = contentsOf(text, file);
    return new KnownHubs(file, hubs, invitations);
  }

  /** Takes up what another process has written: `sterna provider invite` while the provider runs. */
  async refresh(): Promise<void> {
    const text = await readIfThere(this.#file);
    if (text === undefined) return;
    const { hubs, invitations } = contentsOf(text, this.#file);
    for (const key of hubs) this.#keys.add(key);
    this.#secrets = invitations;
  }

  has(key: Uint8Array): boolean {
    return this.#keys.has(textOf(key));
  }

  /** Lets one hub more join. The oldest invitation goes when there are too many. */
  async invite(secret: Uint8Array): Promise<void> {
    this.#secrets = [...this.#secrets, textOf(secret)].slice(-PROVIDER_BOUNDS.invitations);
    await this.#write();
  }

  /**
   * Lets a hub in that has the secret of an invitation, which is used up.
   * @param mac HMAC-SHA256 of `transcript` with the secret.
   * @returns whether it was let in; when it is, it is on disk.
   */
  async join(key: Uint8Array, transcript: Uint8Array, mac: Uint8Array): Promise<boolean> {
    const secret = this.#secrets.find((each) => {
      const expected = createHmac('sha256', Buffer.from(each, 'base64url')).update(transcript).digest();
      return expected.length === mac.length && timingSafeEqual(expected, mac);
    });
    if (secret === undefined || this.#keys.size >= PROVIDER_BOUNDS.hubs) return false;
    this.#secrets = this.#secrets.filter((each) => each !== secret);
    this.#keys.add(textOf(key));
    await this.#write();
    return true;
  }

  #write(): Promise<void> {
    const text = `${JSON.stringify({ hubs: [...this.#keys], invitations: this.#secrets }, undefined, 2)}\n`;
    this.#writing = this.#writing.catch(() => undefined).then(() => writeSecret(this.#file, text));
    return this.#writing;
  }
}

function contentsOf(
  text: string,
  file: string,
): { readonly hubs: readonly string[]; readonly invitations: readonly string[] } {
  const value: unknown = JSON.parse(text);
  if (isRecord(value)) {
    const { hubs, invitations } = value;
    if (areTexts(hubs) && areTexts(invitations)) return { hubs, invitations };
  }
  throw new Error(`Cannot use ${file} as it must hold { "hubs": [...], "invitations": [...] }`);
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
