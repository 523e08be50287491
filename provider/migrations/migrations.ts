/** Runs that have moved here, of all hubs, and what an earlier process has kept of them. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PROVIDER_BOUNDS } from '../policy.js';
import { HubMigrations, type HubMigrationsParts } from './hub-migrations.js';
import { StubFiles } from './stub-files.js';
import { IN_MEMORY, type Stubs } from './stubs.js';
import { syncFolder } from '../sync-folder.js';

export interface MigrationsParts extends Omit<HubMigrationsParts, 'stubs' | 'refused'> {
  /** Where stubs are kept; undefined to keep them in memory. */
  readonly dir: string | undefined;
  /** Whether a hub may come: what an earlier process has kept of others goes. @param hub Its public key, in hex. */
  readonly isKnown: (hub: string) => boolean;
  /** Told why a run is not executed here any more. */
  readonly refused: (hub: string, id: string, reason: string) => void;
}

export class Migrations {
  readonly #parts: MigrationsParts;
  readonly #hubs = new Map<string, HubMigrations>();

  private constructor(parts: MigrationsParts) {
    this.#parts = parts;
  }

  /** Takes up what is on disk: who is responsible goes on. */
  static async open(parts: MigrationsParts): Promise<Migrations> {
    const migrations = new Migrations(parts);
    if (parts.dir !== undefined) await migrations.#read(parts.dir);
    return migrations;
  }

  /** @param hub Its public key, in hex. */
  of(hub: string): HubMigrations {
    return this.#hubs.get(hub) ?? this.#begin(hub, this.#stubsOf(hub));
  }

  /** Whether what is here of a hub's state is still read. */
  readsState(hub: string): boolean {
    return this.#hubs.get(hub)?.readsState ?? false;
  }

  /** The copy of a hub's state is gone. */
  stateGone(hub: string): void {
    this.#hubs.get(hub)?.stateGone();
  }

  /** Forgets what nobody comes back for. */
  look(): void {
    const { clock } = this.#parts;
    for (const [hub, migrations] of this.#hubs) {
      migrations.forgetEmpty();
      if (migrations.isHeard || clock() - migrations.heardAtMs < PROVIDER_BOUNDS.keptStubMs) continue;
      this.#hubs.delete(hub);
      migrations.forgetAll().catch((error: unknown) => this.#failed(hub, error));
    }
  }

  /** Hubs of which something is here, or may come. */
  get hubs(): Iterable<string> {
    return this.#hubs.keys();
  }

  /** Keeps nothing of a hub that is not to come back. */
  async forget(hub: string): Promise<void> {
    const { dir } = this.#parts;
    const migrations = this.#hubs.get(hub);
    this.#hubs.delete(hub);
    await migrations?.forgetAll();
    if (dir !== undefined) await rm(join(dir, hub), { recursive: true, force: true });
  }

  /** Executes no further. What is kept stays for the next start. */
  async close(): Promise<void> {
    await Promise.all([...this.#hubs.values()].map((migrations) => migrations.close()));
  }

  async #read(dir: string): Promise<void> {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await syncFolder(dirname(dir));
    for (const hub of await readdir(dir)) {
      if (!/^[0-9a-f]{64}$/.test(hub)) continue;
      if (!this.#parts.isKnown(hub)) {
        await rm(join(dir, hub), { recursive: true, force: true });
        continue;
      }
      const files = new StubFiles(join(dir, hub));
      const kept = await files.read((reason) => this.#parts.refused(hub, 'a stub', reason));
      const heardAtMs = Math.max(0, ...kept.map((stub) => stub.heardAtMs));
      if (kept.length === 0 || this.#parts.clock() - heardAtMs >= PROVIDER_BOUNDS.keptStubMs) {
        await rm(join(dir, hub), { recursive: true, force: true });
        continue;
      }
      const migrations = this.#begin(hub, files, heardAtMs);
      for (const stub of kept) migrations.takeUp(stub);
    }
  }

  #begin(hub: string, stubs: Stubs, heardAtMs = this.#parts.clock()): HubMigrations {
    const { refused } = this.#parts;
    const parts = { ...this.#parts, stubs, refused: (id: string, reason: string) => refused(hub, id, reason) };
    const migrations = new HubMigrations(parts, heardAtMs);
    this.#hubs.set(hub, migrations);
    return migrations;
  }

  #stubsOf(hub: string): Stubs {
    const { dir } = this.#parts;
    return dir === undefined ? IN_MEMORY : new StubFiles(join(dir, hub));
  }

  #failed(hub: string, error: unknown): void {
    this.#parts.refused(hub, 'a stub', error instanceof Error ? error.message : String(error));
  }
}
