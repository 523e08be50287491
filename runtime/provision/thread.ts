/** The thread of a provisioning process that does the work: a component in, an answer out, one after another. */
import { readFile } from 'node:fs/promises';
import { parentPort } from 'node:worker_threads';
import { RuntimeError } from '../errors.js';
import { ArtifactCache } from './cache.js';
import type { ProvisionAnswer, ProvisionJob } from './messages.js';
import { provision } from './provision.js';

async function answer({ file, options, cacheDir }: ProvisionJob): Promise<ProvisionAnswer> {
  try {
    const provisioned = await provision(await readFile(file), options);
    await new ArtifactCache(cacheDir).store(provisioned);
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

async function work(job: ProvisionJob): Promise<void> {
  parentPort?.postMessage(await answer(job));
}

parentPort?.on('message', (job: ProvisionJob) => void work(job));
