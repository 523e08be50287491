/** Checkpoints of few bytes that come to many. */
import { createHash } from 'node:crypto';
import { constants, deflateRawSync } from 'node:zlib';
import { unpackCheckpoint } from '../../../runtime/index.js';

const MiB = 1024 * 1024;
const [HEADER_BYTES, DIGEST_BYTES] = [20, 32];

/** The checkpoint, and `mebibytes` of zeros behind it. @param says How long its body is said to be. Default: as long as it is. */
export function bombOf(checkpoint: Uint8Array, mebibytes: number, says?: number): Uint8Array {
  const bytes = unpackCheckpoint(checkpoint);
  const body = bytes.subarray(HEADER_BYTES, bytes.length - DIGEST_BYTES);
  // Pieces that stand alone, so that one is packed and the same again and again.
  const alone = { finishFlush: constants.Z_FULL_FLUSH };
  const zeros = deflateRawSync(Buffer.alloc(MiB), alone);
  const stored = Buffer.concat([
    deflateRawSync(body, alone),
    ...Array.from({ length: mebibytes }, () => zeros),
    deflateRawSync(new Uint8Array()),
  ]);
  const header = Buffer.from(bytes.subarray(0, HEADER_BYTES));
  header.writeUInt8(1, 10);
  header.writeUInt32LE(says ?? body.length + mebibytes * MiB, 12);
  header.writeUInt32LE(stored.length, 16);
  const packed = Buffer.concat([header, stored]);
  return Buffer.concat([packed, createHash('sha256').update(packed).digest()]);
}
