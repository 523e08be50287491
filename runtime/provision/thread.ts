/** The body of a provisioning thread: one component, one answer, then it ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { RuntimeError, type RuntimeErrorCode } from '../errors.js';
import { ArtifactCache } from './cache.js';
import type { Artifact } from './artifact.js';
import { provision, type ProvisionOptions } from './provision.js';

export interface ProvisionJob {
  readonly component: Uint8Array;
  readonly options: ProvisionOptions;
  readonly cacheDir: string;
}

export type ProvisionAnswer =
  | { readonly type: 'prepared'; readonly artifact: Artifact }
  | { readonly type: 'refused'; readonly code: RuntimeErrorCode; readonly message: string };

async function answer(job: ProvisionJob): Promise<ProvisionAnswer> {
  try {
    const provisioned = await provision(job.component, job.options);
    await new ArtifactCache(job.cacheDir).store(provisioned);
    return { type: 'prepared', artifact: provisioned.artifact };
  } catch (error) {
    if (error instanceof RuntimeError) return { type: 'refused', code: error.code, message: error.message };
    return {
      type: 'refused',
      code: 'internal',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}

parentPort?.postMessage(await answer(workerData as ProvisionJob));
