import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { mkdir, readdir, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PROVIDER_BOUNDS } from '../policy.js';
import { isRecord } from '../protocol/frame.js';
import { syncFolder } from '../sync-folder.js';
import { readIfThere, writeSecret } from './identity.js';

/** When a join token is good: milliseconds since 1970 (UTC). */
export interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

interface Invitation extends Validity {
  readonly file: string;
  readonly secret: Uint8Array;
}

/**
 * Secrets of join tokens that nobody has used yet, each a file of its own: `sterna provider invite` adds one while the
 * provider runs, and whoever removes it has used it, as only one can. One whose time is over goes when it is looked at.
 */
export class Invitations {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async open(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
  }

  /** Lets one hub more join. The oldest invitations go when there are too many. */
  async add(secret: Uint8Array, { fromMs, untilMs }: Validity): Promise<void> {
    const text = JSON.stringify({ secret: Buffer.from(secret).toString('base64url'), fromMs, untilMs });
    await writeSecret(join(this.#dir, createHash('sha256').update(secret).digest('hex')), `${text}\n`);
    const all = await this.#all(fromMs);
    for (const { file } of all.slice(0, -PROVIDER_BOUNDS.invitations)) await rm(file, { force: true });
  }

  /** Those that could be used, the oldest first. */
  async list(nowMs: number): Promise<readonly Validity[]> {
    return (await this.#all(nowMs)).map(({ fromMs, untilMs }) => ({ fromMs, untilMs }));
  }

  /** Uses up the one that a message was authenticated with. @param mac HMAC-SHA256 of it. @returns whether there was one. */
  async use(message: Uint8Array, mac: Uint8Array, nowMs: number): Promise<boolean> {
    for (const { file, secret } of await this.#all(nowMs)) {
      const expected = createHmac('sha256', secret).update(message).digest();
      if (expected.length === mac.length && timingSafeEqual(expected, mac)) return isRemovedByMe(file);
    }
    return false;
  }

  async #all(nowMs: number): Promise<readonly Invitation[]> {
    const found = [];
    for (const name of await readdir(this.#dir)) {
      if (!/^[0-9a-f]{64}$/.test(name)) continue;
      const file = join(this.#dir, name);
      // It may have been used since.
      const text = await readIfThere(file);
      const invitation = text === undefined ? undefined : invitationIn(text, file);
      if (invitation === undefined || nowMs >= invitation.untilMs) await rm(file, { force: true });
      else if (nowMs >= invitation.fromMs - CLOCK_SLACK_MS) found.push(invitation);
    }
    return found.toSorted((a, b) => a.fromMs - b.fromMs);
  }
}

/** A clock that was set back makes no token good for longer: until it is as late again, there are none. Clocks are set a little. */
const CLOCK_SLACK_MS = 60_000;

/** One of an earlier version has no time at which it ends, and is none any more. */
function invitationIn(text: string, file: string): Invitation | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { secret, fromMs, untilMs } = isRecord(value) ? value : {};
  if (typeof secret !== 'string' || typeof fromMs !== 'number' || typeof untilMs !== 'number') return undefined;
  return { file, secret: Buffer.from(secret, 'base64url'), fromMs, untilMs };
}

async function isRemovedByMe(file: string): Promise<boolean> {
  try {
    await unlink(file);
    await syncFolder(dirname(file));
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
