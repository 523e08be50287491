/**
 * Prepares components, each in a thread of its own that is bounded in time and
 * memory and thrown away: what it is given may be built to make a pass slow.
 */
import { Worker } from 'node:worker_threads';
import { RuntimeError } from '../errors.js';
import { RUNTIME_BOUNDS } from '../limits.js';
import type { Artifact } from './artifact.js';
import { ArtifactCache } from './cache.js';
import { artifactKey, sha256, type ProvisionOptions } from './provision.js';
import type { ProvisionAnswer, ProvisionJob } from './thread.js';

export class Provisioner {
  readonly #cache: ArtifactCache;
  readonly #underWay = new Map<string, Promise<Artifact>>();

  constructor(cacheDir: string) {
    this.#cache = new ArtifactCache(cacheDir);
  }

  folder(key: string): string {
    return this.#cache.folder(key);
  }

  /** The prepared component, from the cache where it is whole. @throws RuntimeError */
  async prepare(component: Uint8Array, options: ProvisionOptions): Promise<Artifact> {
    const key = artifactKey(sha256(component), options);
    const running = this.#underWay.get(key);
    if (running !== undefined) return running;
    const preparing = this.#prepare(key, component, options).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, preparing);
    return preparing;
  }

  async #prepare(key: string, component: Uint8Array, options: ProvisionOptions): Promise<Artifact> {
    const cached = await this.#cache.find(key);
    if (cached !== undefined) return cached;
    const answer = await inThread({ component, options, cacheDir: this.#cache.dir });
    if (answer.type === 'refused') throw new RuntimeError(answer.code, answer.message);
    return answer.artifact;
  }
}

function inThread(job: ProvisionJob): Promise<ProvisionAnswer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./thread.js', import.meta.url), {
      workerData: job,
      resourceLimits: { maxOldGenerationSizeMb: RUNTIME_BOUNDS.provisionMegabytes },
    });
    const seconds = RUNTIME_BOUNDS.provisionMs / 1000;
    const timer = setTimeout(() => {
      reject(new RuntimeError('provision-bound', `Preparing the component took longer than ${seconds} s`));
      void worker.terminate();
    }, RUNTIME_BOUNDS.provisionMs);
    worker.once('message', resolve);
    worker.once('error', (error: Error & { code?: string }) => {
      reject(
        error.code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? new RuntimeError(
              'provision-bound',
              `Preparing the component needs more than ${RUNTIME_BOUNDS.provisionMegabytes} MB`,
            )
          : new RuntimeError('internal', `Preparing the component failed: ${error.message}`, { cause: error }),
      );
    });
    worker.once('exit', (code) => {
      clearTimeout(timer);
      reject(new RuntimeError('internal', `The provisioning thread ended with code ${code} and no answer`));
    });
  });
}
