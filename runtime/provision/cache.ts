/**
 * Prepared components on disk, one folder a key. Written under another name,
 * synced and renamed, so that a folder is whole or absent; verified when read.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { artifactFile, META_FILE, parseArtifactFile, type Artifact } from './artifact.js';
import { sha256InBackground } from './background-digest.js';
import type { Provisioned } from './provision.js';

/** As many as may store the same component at once, and more. */
const REPLACE_TRIES = 10;

export class ArtifactCache {
  constructor(readonly dir: string) {}

  folder(key: string): string {
    return join(this.dir, key);
  }

  /** The artifact of this key if it is there and whole. */
  async find(key: string): Promise<Artifact | undefined> {
    try {
      const meta = parseArtifactFile(await readFile(join(this.folder(key), META_FILE), 'utf8'));
      if (meta?.key !== key) return undefined;
      for (const module of meta.modules) {
        const contents = await readFile(join(this.folder(key), module.name));
        if ((await sha256InBackground(contents)) !== module.sha256) return undefined;
      }
      return meta;
    } catch {
      return undefined; // absent or unreadable: it is made anew
    }
  }

  /** Stores what was prepared, in place of whatever was there. */
  async store({ artifact, files }: Provisioned): Promise<void> {
    const temporary = join(this.dir, `.new-${randomUUID()}`);
    await mkdir(temporary, { recursive: true });
    try {
      for (const [name, contents] of files) await writeSynced(join(temporary, name), contents);
      await writeSynced(join(temporary, META_FILE), artifactFile(artifact));
      await this.#replace(artifact.key, temporary);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      // Another process may have stored the same: what counts is that it is there and whole.
      if ((await this.find(artifact.key)) === undefined) throw error;
    }
  }

  /** Others may do the same at the same time: whoever comes between the two steps has made it whole, or is about to. */
  async #replace(key: string, temporary: string): Promise<void> {
    for (let tries = 1; ; tries++) {
      await rm(this.folder(key), { recursive: true, force: true });
      try {
        await rename(temporary, this.folder(key));
        return;
      } catch (error) {
        if (tries === REPLACE_TRIES) throw error;
        if ((await this.find(key)) === undefined) continue;
        await rm(temporary, { recursive: true, force: true });
        return;
      }
    }
  }
}

async function writeSynced(path: string, contents: Uint8Array | string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await writeFile(file, contents);
    await file.sync();
  } finally {
    await file.close();
  }
}
