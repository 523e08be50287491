/** A prepared component as this thread holds it: compiled modules and the code between them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GLUE_FILE, META_FILE, parseArtifactFile, type Artifact } from '../provision/artifact.js';
import { GLUE_PARAMETERS } from '../provision/glue.js';

type Instantiate = (
  getCoreModule: (name: string) => WebAssembly.Module,
  imports: Readonly<Record<string, unknown>>,
  instantiateCore: (module: WebAssembly.Module, imports?: WebAssembly.Imports) => WebAssembly.Instance,
) => Readonly<Record<string, unknown>>;

export class Loaded {
  readonly #artifact: Artifact;
  readonly instantiate: Instantiate;
  readonly #modules: ReadonlyMap<string, WebAssembly.Module>;

  /** @throws Error when a file is missing or is not what was prepared. */
  constructor(key: string, cacheDir: string) {
    const folder = join(cacheDir, key);
    const artifact = parseArtifactFile(readFileSync(join(folder, META_FILE), 'utf8'));
    if (artifact === undefined) throw new Error(`${folder} does not hold a prepared component`);
    this.#artifact = artifact;
    const glue = readVerified(join(folder, GLUE_FILE), artifact.glueSha256).toString('utf8');
    this.instantiate = compileGlue(glue);
    this.#modules = new Map(
      artifact.modules.map(({ name, sha256 }) => [
        name,
        new WebAssembly.Module(readVerified(join(folder, name), sha256)),
      ]),
    );
  }

  /** Whether an instance can be put back to its beginning. */
  get resettable(): boolean {
    return this.#artifact.notResettable === undefined;
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

/**
 * Compiled as a function body and not imported, so that a task that is removed
 * can be collected. Its `globalThis` is a small object: the generated code looks
 * up a debug switch in the environment at every call, which is slow.
 */
function compileGlue(code: string): Instantiate {
  // oxlint-disable-next-line typescript/no-implied-eval -- the code was made by the pinned transpiler, verified by digest
  const make = new Function(...GLUE_PARAMETERS, code) as (scope: object) => Instantiate;
  return make({ WebAssembly });
}
