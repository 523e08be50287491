/** A thread that packs checkpoints and waits for the disk, so that events do not. */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { checkpointDigest, packCheckpoint, unpackCheckpoint } from '../../runtime/index.js';
import { STORE_BOUNDS } from '../limits.js';
import { fileOf, unfinishedOf } from './file-names.js';
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
    if (request.kind === 'keep') return { kind: 'kept', id, ...keep(request.checkpoint) };
    return { kind: 'read', id, checkpoint: read(request.digest) };
  } catch (error) {
    return { kind: 'fault', id, fault: error instanceof Error ? error.message : String(error) };
  }
}

function keep(checkpoint: Uint8Array): { readonly digest: string; readonly bytes: number } {
  const digest = checkpointDigest(checkpoint);
  const packed = packCheckpoint(checkpoint);
  if (packed.length > STORE_BOUNDS.checkpointBytes)
    throw new Error(`a checkpoint must have at most ${STORE_BOUNDS.checkpointBytes} bytes: it has ${packed.length}`);
  const unfinished = unfinishedOf(folder, digest);
  // Somebody may have cleaned up: what was there is lost, and not what comes.
  mkdirSync(folder, { recursive: true });
  try {
    write(unfinished, packed);
    renameSync(unfinished, fileOf(folder, digest));
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
  sync(folder);
  return { digest, bytes: packed.length };
}

function read(digest: string): Uint8Array {
  const checkpoint = unpackCheckpoint(readFileSync(fileOf(folder, digest)));
  if (checkpointDigest(checkpoint) !== digest) throw new Error('the checkpoint is another than its name says');
  return checkpoint;
}

function write(file: string, bytes: Uint8Array): void {
  const fd = openSync(file, 'w', 0o600);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** A file may be on disk and its name not. */
function sync(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
