import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Jobs, Kind } from './simulations-thread.js';

/** Has simulations played in a thread, where tap does not follow each promise: that takes longer than what they do. */
export async function inThread<K extends Kind>(kind: K, job: Jobs[K]['job']): Promise<Jobs[K]['result']> {
  const thread = new Worker(new URL('simulations-thread.js', import.meta.url), { workerData: { kind, job } });
  try {
    const [result] = (await once(thread, 'message')) as [Jobs[K]['result']];
    return result;
  } finally {
    await thread.terminate();
  }
}
