/** A prepared component as this thread holds it: compiled modules, and how they are joined. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { META_FILE, parseArtifactFile, type Artifact } from '../provision/artifact.js';
import type { LinkPlan } from '../provision/link-plan.js';
import type { Resumable } from '../provision/suspend/suspend.js';
import type { Bytes } from '../task.js';
import type { MemoryImage } from './memory-image.js';
import { Renewal } from './renewal.js';

export class Loaded {
  readonly #artifact: Artifact;
  readonly #modules: ReadonlyMap<string, WebAssembly.Module>;
  /** What the memories of an instance begin with, kept once for all of them. */
  images: readonly MemoryImage[] | undefined;
  /** How its instances become fresh. */
  readonly renewal = new Renewal();

  /** @throws Error when a file is missing or is not what was prepared. */
  constructor(key: string, cacheDir: string) {
    const folder = join(cacheDir, key);
    const artifact = parseArtifactFile(readFileSync(join(folder, META_FILE), 'utf8'));
    if (artifact === undefined) throw new Error(`${folder} does not hold a prepared component`);
    this.#artifact = artifact;
    this.#modules = new Map(
      artifact.modules.map(({ name, sha256 }) => [
        name,
        new WebAssembly.Module(readVerified(join(folder, name), sha256)),
      ]),
    );
  }

  get plan(): LinkPlan {
    return this.#artifact.link;
  }

  /** How its runs are suspended, if they can be. */
  get resumable(): Resumable | undefined {
    return this.#artifact.resumable;
  }

  /** sha256 of the component file, in hex. */
  get digest(): string {
    return this.#artifact.digest;
  }

  /** Whether an instance can be put back to its beginning. */
  get resettable(): boolean {
    return this.#artifact.notResettable === undefined;
  }

  /** Its modules' code as it came; what the engine makes of it is a small multiple. */
  get codeBytes(): Bytes {
    return this.#artifact.modules.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  module(name: string): WebAssembly.Module {
    const module = this.#modules.get(name);
    if (module === undefined) throw new Error(`the prepared component has no module ${name}`);
    return module;
  }
}

function readVerified(path: string, sha256: string): Buffer {
  const bytes = readFileSync(path);
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw new Error(`${path} is not what was prepared`);
  return bytes;
}
