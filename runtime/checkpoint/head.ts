/** What was asked of a run, from a checkpoint that is unpacked no further. */
import { createInflateRaw } from 'node:zlib';
import type { RunRequest } from '../task.js';
import { BodyReader } from './body-reader.js';
import { CHECKPOINT_BOUNDS, CheckpointFault } from './format.js';
import { readRequest } from './request-codec.js';

/** The first look is at so much, and each after it at twice as much. */
const FIRST_BYTES = 64 * 1024;

/**
 * @param packed raw deflate of a body; whoever it comes from.
 * @throws CheckpointFault when it is not there within `CHECKPOINT_BOUNDS.otherBytes`.
 */
export async function requestInPacked(packed: Uint8Array): Promise<Omit<RunRequest, 'task'>> {
  const inflate = createInflateRaw();
  inflate.end(packed);
  const pieces: Uint8Array[] = [];
  let [bytes, lookAt] = [0, FIRST_BYTES];
  try {
    const chunks: AsyncIterable<Buffer> = inflate;
    for await (const chunk of chunks) {
      pieces.push(chunk);
      bytes += chunk.length;
      if (bytes < lookAt) continue;
      const found = requestIfThere(Buffer.concat(pieces));
      if (found !== undefined) return found;
      if (bytes > CHECKPOINT_BOUNDS.otherBytes) break;
      lookAt = 2 * bytes;
    }
  } catch (error) {
    throw new CheckpointFault('the checkpoint cannot be unpacked', { cause: error });
  } finally {
    inflate.destroy();
  }
  return requestIn(Buffer.concat(pieces));
}

/** @param body of a checkpoint, or as much of it as there is. @throws CheckpointFault */
export function requestIn(bytes: Uint8Array): Omit<RunRequest, 'task'> {
  const body = new BodyReader(bytes);
  body.name('the component');
  body.name('the instrumentation');
  body.optional('a base', () => body.name('the base'));
  body.amount('the progress');
  body.count('the fuel used');
  body.amount('the time used');
  body.amount('the time used by the host');
  body.count('the memory used');
  return readRequest(body);
}

function requestIfThere(bytes: Uint8Array): Omit<RunRequest, 'task'> | undefined {
  try {
    return requestIn(bytes);
  } catch (error) {
    if (error instanceof CheckpointFault) return undefined;
    throw error;
  }
}
