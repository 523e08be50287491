/** Prepares components that are not in the cache, each once. */
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RuntimeError } from '../errors.js';
import { RUNTIME_BOUNDS } from '../limits.js';
import type { Artifact } from './artifact.js';
import { sha256InBackground } from './background-digest.js';
import { ArtifactCache } from './cache.js';
import { artifactKey, checkSize, type ProvisionOptions } from './provision.js';
import { SUSPENDED_MODULE_BYTES } from './suspend/limits.js';
import { ProvisionProcesses } from './provision-processes.js';
import type { ProvisionBounds } from './provision-process.js';

export class Provisioner {
  readonly #cache: ArtifactCache;
  readonly #processes = new ProvisionProcesses();
  readonly #underWay = new Map<string, Promise<Artifact>>();
  readonly #bounds: (component: Uint8Array, options: ProvisionOptions) => ProvisionBounds;

  constructor(cacheDir: string, bounds = boundsFor) {
    this.#cache = new ArtifactCache(cacheDir);
    this.#bounds = bounds;
  }

  /** The prepared component, from the cache where it is whole. @throws RuntimeError */
  async prepare(component: Uint8Array, options: ProvisionOptions): Promise<Artifact> {
    checkSize(component);
    const digest = await sha256InBackground(component);
    const key = artifactKey(digest, options);
    const running = this.#underWay.get(key);
    if (running !== undefined) return running;
    const preparing = this.#prepare(key, component, digest, options).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, preparing);
    return preparing;
  }

  /** Processes that prepare components now, or wait for the next, for tests. */
  get pids(): readonly number[] {
    return this.#processes.pids;
  }

  /** Ends what is under way. */
  close(): void {
    this.#processes.close();
  }

  async #prepare(key: string, component: Uint8Array, digest: string, options: ProvisionOptions): Promise<Artifact> {
    const cached = await this.#cache.find(key);
    if (cached !== undefined) return cached;
    const cacheDir = this.#cache.dir;
    const file = join(cacheDir, `.component-${randomUUID()}`);
    await writeFile(file, component);
    try {
      const what = `the component ${digest.slice(0, 12)} (${component.length} bytes)`;
      const answer = await this.#processes.prepare({ file, options, cacheDir }, what, this.#bounds(component, options));
      if (answer.type === 'refused') throw new RuntimeError(answer.code, answer.message);
      return answer.artifact;
    } finally {
      await rm(file, { force: true });
    }
  }
}

function boundsFor(component: Uint8Array, { resumable }: ProvisionOptions): ProvisionBounds {
  const { provisionBaseBytes, provisionBytesPerByte, provisionCpuMs, provisionWallMs } = RUNTIME_BOUNDS;
  const { provisionSuspendBytesPerByte, provisionSuspendCpuMsPerKiB } = RUNTIME_BOUNDS;
  // Code beyond that is not rewritten: see `SUSPENDED_MODULE_BYTES`.
  const rewritten = resumable === undefined ? 0 : Math.min(component.length, SUSPENDED_MODULE_BYTES);
  const rewritingMs = (rewritten / 1024) * provisionSuspendCpuMsPerKiB;
  return {
    cpuMs: Math.round(provisionCpuMs + rewritingMs),
    wallMs: Math.round(provisionWallMs + rewritingMs * (provisionWallMs / provisionCpuMs)),
    residentBytes:
      provisionBaseBytes + component.length * provisionBytesPerByte + rewritten * provisionSuspendBytesPerByte,
  };
}
