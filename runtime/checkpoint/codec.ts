/** Checkpoints as bytes, and back. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { deflateRaw, deflateRawSync, inflateRaw, inflateRawSync } from 'node:zlib';
import { BodyReader } from './body-reader.js';
import { BodyWriter } from './body-writer.js';
import type { Checkpoint } from './checkpoint.js';
import { readCollected, writeCollected } from './collected-codec.js';
import {
  CHECKPOINT_BOUNDS,
  CheckpointFault,
  CheckpointTooLarge,
  DIGEST_BYTES,
  FORMAT_VERSION,
  HEADER_BYTES,
  MAGIC,
  PACKING,
} from './format.js';
import { readGuest, writeGuest } from './guest-codec.js';
import { requestIn, requestInPacked } from './head.js';
import { mostCheckpointBytes } from './most-bytes.js';
import { refuseImplausible } from './plausible.js';
import { readRequest, writeAuthority, writeRequest } from './request-codec.js';

const deflateAside = promisify(deflateRaw);
const inflateAside = promisify(inflateRaw);

/** Most of what packing gains, for a tenth of the time: pages are mostly zeros and repetitions. */
const PACKING_LEVEL = 1;

/** A checkpoint of which so much in its middle does not become smaller by a tenth is left as it is: packing it costs most. */
const SAMPLE_BYTES = 32 * 1024;
const SAMPLE_SHARE = 0.9;

/** Checkpoints whose checksum is known to be right: comparing it takes as long as they are large. */
const sound = new WeakSet<Uint8Array>();
const digests = new WeakMap<Uint8Array, string>();

/** What checkpoints are when packed, for as long as somebody has them: they are kept, sent, and packed once for both. */
const packedForms = new WeakMap<Uint8Array, Promise<Uint8Array>>();

/** @returns the checkpoint as bytes, as it is: to keep or send it, `packed` makes it smaller. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const out = new BodyWriter();
  out.text(checkpoint.component);
  out.text(checkpoint.instrumentation);
  out.optional(checkpoint.base, (digest) => out.text(digest));
  out.f64(checkpoint.progress);
  out.f64(checkpoint.used.fuel);
  out.f64(checkpoint.used.wallMs);
  out.f64(checkpoint.used.hostMs);
  out.f64(checkpoint.used.peakMemoryBytes);
  writeRequest(out, checkpoint.request);
  out.text(authorityOf(checkpoint.request));
  writeCollected(out, checkpoint.collected);
  writeGuest(out, checkpoint.guest);
  return framed(out.finish(), PACKING.none);
}

/**
 * @param bytes whoever they come from; packed or not. They are not to be changed any more.
 * @throws CheckpointFault saying what is wrong.
 */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const body = new BodyReader(bodyOf(bytes));
  const component = body.name('the component');
  const instrumentation = body.name('the instrumentation');
  const base = body.optional('a base', () => body.name('the base'));
  const progress = body.amount('the progress');
  const used = {
    fuel: body.count('the fuel used'),
    wallMs: body.amount('the time used'),
    hostMs: body.amount('the time used by the host'),
    peakMemoryBytes: body.count('the memory used'),
  };
  const request = readRequest(body);
  if (body.name('the digest of limits and grants') !== authorityOf(request)) {
    throw new CheckpointFault('the limits and grants are not those that their digest was made of');
  }
  const collected = readCollected(body);
  const memoryBytes = Math.min(request.limits.memoryBytes, CHECKPOINT_BOUNDS.memoryBytes);
  const guest = readGuest(body, { mayRevert: base !== undefined, memoryBytes });
  if (!body.done) throw new CheckpointFault('something follows the last page');
  refuseImplausible({ request, used, collected });
  return { component, instrumentation, request, progress, used, collected, guest, base };
}

/** What another thread of this process made, or has decoded, needs no comparing with its checksum. */
export function vouchFor(bytes: Uint8Array): void {
  sound.add(bytes);
}

/** The same checkpoint in fewer bytes. @throws CheckpointFault */
export function packCheckpoint(bytes: Uint8Array): Uint8Array {
  return framed(bodyOf(bytes), PACKING.deflate);
}

/** The same checkpoint as `encodeCheckpoint` wrote it. @throws CheckpointFault */
export function unpackCheckpoint(bytes: Uint8Array): Uint8Array {
  return framed(bodyOf(bytes), PACKING.none);
}

/**
 * `packCheckpoint`, with the work done elsewhere than in the caller's thread. What does not become smaller stays as it is.
 * @param bytes not to be changed any more.
 * @throws CheckpointFault
 */
export function packCheckpointAside(bytes: Uint8Array): Promise<Uint8Array> {
  let packed = packedForms.get(bytes);
  if (packed === undefined) {
    packed = packedAside(bytes);
    packedForms.set(bytes, packed);
  }
  return packed;
}

async function packedAside(bytes: Uint8Array): Promise<Uint8Array> {
  const body = bodyOf(bytes);
  if (!(await becomesSmaller(body))) return bytes;
  return framedAs(await deflateAside(body, { level: PACKING_LEVEL }), PACKING.deflate, body.length);
}

async function becomesSmaller(body: Uint8Array): Promise<boolean> {
  if (body.length < 4 * SAMPLE_BYTES) return true;
  const sample = body.subarray(body.length >> 1, (body.length >> 1) + SAMPLE_BYTES);
  return (await deflateAside(sample, { level: PACKING_LEVEL })).length < SAMPLE_SHARE * SAMPLE_BYTES;
}

/**
 * `unpackCheckpoint`, with the work done elsewhere than in the caller's thread.
 * @param bytes not to be changed any more: what is not packed is the answer.
 * @param most bytes that it may have then.
 * @throws CheckpointFault, or CheckpointTooLarge before anything of it is unpacked.
 */
export async function unpackCheckpointAside(bytes: Uint8Array, most: number): Promise<Uint8Array> {
  const { stored, packing, bodyBytes } = frameOf(bytes);
  refuseLarge(bodyBytes, most);
  if (packing === PACKING.none) {
    packedForms.set(bytes, Promise.resolve(bytes));
    return bytes;
  }
  try {
    const body = await inflateAside(stored, { maxOutputLength: Math.max(1, bodyBytes) });
    if (body.length === bodyBytes) {
      const unpacked = framedAs(body, PACKING.none, bodyBytes);
      packedForms.set(unpacked, Promise.resolve(bytes));
      return unpacked;
    }
  } catch (error) {
    throw new CheckpointFault('the checkpoint cannot be unpacked', { cause: error });
  }
  throw new CheckpointFault('the checkpoint is not as long as its header says');
}

/**
 * `unpackCheckpointAside` for a file of which nothing is known: it says itself what its run may use, and has no more.
 * @param most bytes that it may have then, whatever it says.
 * @throws CheckpointFault
 */
export async function openCheckpoint(bytes: Uint8Array, most: number): Promise<Uint8Array> {
  const { stored, packing } = frameOf(bytes);
  const request = packing === PACKING.none ? requestIn(stored) : await requestInPacked(stored);
  return unpackCheckpointAside(bytes, Math.min(most, mostCheckpointBytes(request)));
}

/**
 * Names a checkpoint, in hex: the same whether it is packed or not.
 * @param bytes not to be changed any more.
 * @throws CheckpointFault
 */
export function checkpointDigest(bytes: Uint8Array): string {
  const digest = digests.get(bytes) ?? createHash('sha256').update(bodyOf(bytes)).digest('hex');
  digests.set(bytes, digest);
  return digest;
}

/** Names what a run may use and touch, in hex. */
export function authorityOf(request: Pick<Checkpoint['request'], 'limits' | 'grants'>): string {
  const out = new BodyWriter();
  writeAuthority(out, request);
  return createHash('sha256').update(out.finish()).digest('hex');
}

function framed(body: Uint8Array, packing: number): Uint8Array {
  const stored = packing === PACKING.deflate ? deflateRawSync(body, { level: PACKING_LEVEL }) : body;
  return framedAs(stored, packing, body.length);
}

function framedAs(stored: Uint8Array, packing: number, bodyBytes: number): Uint8Array {
  const out = Buffer.allocUnsafeSlow(HEADER_BYTES + stored.length + DIGEST_BYTES);
  out.write(MAGIC, 0, 'latin1');
  out.writeUInt16LE(FORMAT_VERSION, 8);
  out.writeUInt8(packing, 10);
  out.writeUInt8(0, 11);
  out.writeUInt32LE(bodyBytes, 12);
  out.writeUInt32LE(stored.length, 16);
  out.set(stored, HEADER_BYTES);
  const end = HEADER_BYTES + stored.length;
  out.set(createHash('sha256').update(out.subarray(0, end)).digest(), end);
  sound.add(out);
  return out;
}

/** A file that is as long as it says and has its checksum, and whose body may be unpacked. */
interface CheckedFrame {
  readonly stored: Uint8Array;
  readonly packing: number;
  readonly bodyBytes: number;
}

function refuseLarge(bodyBytes: number, most: number): void {
  if (bodyBytes <= most) return;
  throw new CheckpointTooLarge(`it may have ${Math.floor(most)} bytes when it is unpacked: it has ${bodyBytes}`);
}

/** @throws CheckpointFault */
function bodyOf(bytes: Uint8Array): Uint8Array {
  const { stored, packing, bodyBytes } = frameOf(bytes);
  return packing === PACKING.none ? stored : inflated(stored, bodyBytes);
}

/** @throws CheckpointFault */
function frameOf(bytes: Uint8Array): CheckedFrame {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (file.length < HEADER_BYTES + DIGEST_BYTES || file.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw new CheckpointFault('these bytes are no checkpoint');
  }
  const version = file.readUInt16LE(8);
  if (version !== FORMAT_VERSION) {
    throw new CheckpointFault(`the checkpoint is of version ${version}: this Sterna reads version ${FORMAT_VERSION}`);
  }
  const packing = file.readUInt8(10);
  if (file.readUInt8(11) !== 0) throw new CheckpointFault('byte 11 of the checkpoint must be 0');
  const bodyBytes = file.readUInt32LE(12);
  const stored = file.readUInt32LE(16);
  const end = HEADER_BYTES + stored;
  if (file.length !== end + DIGEST_BYTES) {
    throw new CheckpointFault(`the checkpoint should have ${end + DIGEST_BYTES} bytes: it has ${file.length}`);
  }
  if (!sound.has(bytes) && !createHash('sha256').update(file.subarray(0, end)).digest().equals(file.subarray(end))) {
    throw new CheckpointFault('the checkpoint is damaged: its checksum is another');
  }
  sound.add(bytes);
  const { bodyBytes: most, packedRatio } = CHECKPOINT_BOUNDS;
  if (bodyBytes > most) throw new CheckpointFault(`a checkpoint may have ${most} bytes: this one has ${bodyBytes}`);
  const body = file.subarray(HEADER_BYTES, end);
  switch (packing) {
    case PACKING.none:
      if (stored !== bodyBytes) throw new CheckpointFault('the lengths in the header differ');
      return { stored: body, packing, bodyBytes };
    case PACKING.deflate:
      if (bodyBytes > stored * packedRatio + packedRatio) {
        throw new CheckpointFault(`${stored} bytes cannot be unpacked to ${bodyBytes}`);
      }
      return { stored: body, packing, bodyBytes };
    default:
      throw new CheckpointFault(`the checkpoint is packed in a way (${packing}) that this Sterna does not know`);
  }
}

function inflated(body: Uint8Array, length: number): Uint8Array {
  try {
    const unpacked = inflateRawSync(body, { maxOutputLength: Math.max(1, length) });
    if (unpacked.length === length) return unpacked;
  } catch (error) {
    throw new CheckpointFault('the checkpoint cannot be unpacked', { cause: error });
  }
  throw new CheckpointFault('the checkpoint is not as long as its header says');
}
