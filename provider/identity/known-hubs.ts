import { existsSync, statSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PROVIDER_BOUNDS } from '../policy.js';
import { isRecord } from '../protocol/frame.js';
import { syncFolder } from '../sync-folder.js';
import { Invitations } from './invitations.js';
import { readIfThere, writeSecret } from './identity.js';

/** A hub that may open sessions. */
export interface KnownHub {
  /** Its public key, in hex: what all that is kept of it is kept by. */
  readonly hub: string;
  /** What it called itself when it joined; undefined when that is not known. */
  readonly name: string | undefined;
  /** Milliseconds since 1970 (UTC). */
  readonly joinedAtMs: number | undefined;
  /** When a session of it began or ended last, or it joined. */
  readonly heardAtMs: number;
}

interface Joining {
  readonly key: Uint8Array;
  readonly name: string;
  /** Milliseconds since 1970 (UTC). */
  readonly nowMs: number;
}

/**
 * Hubs that may open sessions: a file for each, by its public key, in a folder of the provider's data. Nothing of them is
 * remembered elsewhere: a hub whose file is gone is not known, whoever has removed it. So `sterna provider forget` works
 * while the provider runs, and no process writes over what another one has changed.
 */
export class KnownHubs {
  readonly invitations: Invitations;
  readonly #dir: string;
  /** The last that was let in, or not: one after the other. */
  #joined: Promise<unknown> = Promise.resolve();

  private constructor(dataDir: string) {
    this.#dir = join(dataDir, 'hubs');
    this.invitations = new Invitations(join(dataDir, 'invitations'));
  }

  /** @throws Error when the file of an earlier version holds something else. */
  static async open(dataDir: string): Promise<KnownHubs> {
    const hubs = new KnownHubs(dataDir);
    await mkdir(hubs.#dir, { recursive: true, mode: 0o700 });
    await hubs.invitations.open();
    await hubs.#takeUp(join(dataDir, 'hubs.json'));
    return hubs;
  }

  /** @param hub Its public key, in hex. @throws Error when the disk does not say. */
  has(hub: string): boolean {
    return statSync(this.#fileOf(hub), { throwIfNoEntry: false }) !== undefined;
  }

  /** By their names, and without one by their keys. */
  async list(): Promise<readonly KnownHub[]> {
    const hubs = [];
    for (const hub of await readdir(this.#dir)) if (IS_HUB.test(hub)) hubs.push(await this.#read(hub));
    const known = hubs.filter((each) => each !== undefined);
    return known.toSorted((a, b) => (a.name ?? a.hub).localeCompare(b.name ?? b.hub));
  }

  /**
   * Lets a hub in that has the secret of an invitation, which is used up, or that was let in meanwhile: a hub that comes
   * twice at once has one.
   * @param mac HMAC-SHA256 of `transcript` with the secret.
   * @returns whether it was let in; when it is, it is on disk.
   */
  join(joining: Joining, transcript: Uint8Array, mac: Uint8Array): Promise<boolean> {
    const joined = this.#joined.then(() => this.#join(joining, transcript, mac));
    this.#joined = joined.catch(() => undefined);
    return joined;
  }

  /** A session of it begins or ends. */
  async heard(hub: string, nowMs: number): Promise<void> {
    // Of one that was forgotten meanwhile nothing is written.
    await utimes(this.#fileOf(hub), nowMs / 1_000, nowMs / 1_000).catch(() => undefined);
  }

  /** It is not let in any more. @returns whether it was known. */
  async forget(hub: string): Promise<boolean> {
    const isKnown = this.has(hub);
    await rm(this.#fileOf(hub), { force: true });
    // A power cut does not bring it back.
    await syncFolder(this.#dir);
    return isKnown;
  }

  async #join({ key, name, nowMs }: Joining, transcript: Uint8Array, mac: Uint8Array): Promise<boolean> {
    const hub = hexOf(key);
    if (this.has(hub)) return true;
    if ((await readdir(this.#dir)).length >= PROVIDER_BOUNDS.hubs) return false;
    if (!(await this.invitations.use(transcript, mac, nowMs))) return false;
    await writeSecret(this.#fileOf(hub), `${JSON.stringify({ name, joinedAtMs: nowMs })}\n`);
    return true;
  }

  async #read(hub: string): Promise<KnownHub | undefined> {
    const file = this.#fileOf(hub);
    try {
      const [text, { mtimeMs }] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
      const said = parsed(text);
      const { name, joinedAtMs } = isRecord(said) ? said : {};
      return {
        hub,
        name: typeof name === 'string' ? name : undefined,
        joinedAtMs: typeof joinedAtMs === 'number' ? joinedAtMs : undefined,
        heardAtMs: mtimeMs,
      };
    } catch (error) {
      // It was forgotten since.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /**
   * What an earlier version kept in one file, which goes when all of it is here: who is killed before leaves it to the next.
   * Once it is gone, one that somebody has forgotten stays so.
   */
  async #takeUp(file: string): Promise<void> {
    const text = await readIfThere(file);
    if (text === undefined) return;
    const value = parsed(text);
    const keys = isRecord(value) ? value['hubs'] : undefined;
    if (!Array.isArray(keys) || !keys.every((each) => typeof each === 'string')) {
      throw new Error(`Cannot use ${file} as it must hold { "hubs": [...] }`);
    }
    for (const key of keys) {
      const hub = hexOf(Buffer.from(key, 'base64url'));
      // Another process may have done it meanwhile.
      if (IS_HUB.test(hub) && existsSync(file)) await makeIfNotThere(this.#fileOf(hub));
    }
    await syncFolder(this.#dir);
    await rm(file, { force: true });
    await syncFolder(dirname(file));
  }

  #fileOf(hub: string): string {
    return join(this.#dir, hub);
  }
}

const IS_HUB = /^[0-9a-f]{64}$/;

/** A hub's public key as all that is kept of it is named. */
export function hexOf(key: Uint8Array): string {
  return Buffer.from(key).toString('hex');
}

/** A hub of which nothing is known but its key. */
async function makeIfNotThere(file: string): Promise<void> {
  try {
    await writeFile(file, '{}\n', { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
