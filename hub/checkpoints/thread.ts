/** A thread that packs checkpoints and waits for the disk, so that events do not. */
import { parentPort, workerData } from 'node:worker_threads';
import { keepIn, readIn } from './checkpoint-folder.js';
import type { CheckpointAnswer, CheckpointRequest } from './messages.js';

const dir: unknown = workerData;
if (parentPort === null || typeof dir !== 'string') throw new TypeError('Cannot keep checkpoints without a folder');
const port = parentPort;
const folder = dir;

port.on('message', (request: CheckpointRequest) => {
  const answer = answerTo(request);
  const buffer = answer.kind === 'read' ? answer.checkpoint.buffer : undefined;
  port.postMessage(answer, buffer instanceof ArrayBuffer ? [buffer] : []);
});

function answerTo(request: CheckpointRequest): CheckpointAnswer {
  const { id } = request;
  try {
    if (request.kind === 'keep') {
      const { checkpoint, base, asItIs } = request;
      return { kind: 'kept', id, ...keepIn(folder, checkpoint, base, asItIs) };
    }
    return { kind: 'read', id, checkpoint: readIn(folder, request.digest) };
  } catch (error) {
    return { kind: 'fault', id, fault: error instanceof Error ? error.message : String(error) };
  }
}
