/**
 * A provisioning process. Its main thread only passes messages on, so that it
 * notices when the hub is gone, whatever the thread that works is given.
 */
import { writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { RUNTIME_BOUNDS } from '../limits.js';
import type { ProvisionAnswer } from './messages.js';

const MiB = 1024 * 1024;

try {
  // When memory runs out all the same, this is what the kernel should end. proc(5)
  writeFileSync('/proc/self/oom_score_adj', '1000');
} catch {
  // Only Linux has it.
}

const heapMiB = RUNTIME_BOUNDS.provisionHeapBytes / MiB;
const thread = new Worker(new URL('./thread.js', import.meta.url), {
  resourceLimits: { maxOldGenerationSizeMb: heapMiB },
});
thread.on('message', (answer: ProvisionAnswer) => process.send?.(answer));
thread.on('error', (error: Error & { code?: string }) => {
  const outOfMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
  process.send?.({
    type: 'refused',
    code: outOfMemory ? 'provision-bound' : 'internal',
    message: outOfMemory
      ? `Preparing the component needs more than ${heapMiB} MiB of heap`
      : `Preparing the component failed: ${error.message}`,
  } satisfies ProvisionAnswer);
});
process.on('message', (job) => thread.postMessage(job));
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
