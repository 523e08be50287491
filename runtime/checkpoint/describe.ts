/** What is inside a checkpoint, for people and for records. */
import { decodeCheckpoint, authorityOf, checkpointDigest } from './codec.js';
import { CHECKPOINT_PAGE_BYTES } from './checkpoint.js';
import type { Bytes, Fuel, Limits } from '../task.js';

export interface CheckpointDescription {
  readonly digest: string;
  readonly bytes: Bytes;
  readonly component: string;
  readonly instrumentation: string;
  /** The digest of the checkpoint that it is a difference to. */
  readonly base: string | undefined;
  readonly runId: string;
  readonly attempt: number;
  readonly eventId: string;
  readonly topic: string;
  readonly payloadBytes: Bytes;
  readonly limits: Limits;
  /** Of limits and grants together. */
  readonly authority: string;
  readonly progress: number;
  readonly fuel: Fuel;
  readonly wallMs: number;
  readonly effects: number;
  readonly reads: number;
  /** Buckets that it listed keys of. */
  readonly listed: number;
  /** Whether it keeps what it reads, to be executed again. */
  readonly recordReads: boolean;
  /** Lists of keys that it keeps. */
  readonly recordedPages: number;
  /** Why it does not keep all of it. */
  readonly unrecorded: string | undefined;
  readonly logLines: number;
  readonly memoryBytes: Bytes;
  /** Of memory, what is other than in the beginning, or in the base. */
  readonly pageBytes: Bytes;
  /** Bytes of the frames of the calls that it is in. */
  readonly frameBytes: Bytes;
}

/** @throws CheckpointFault */
export function describeCheckpoint(bytes: Uint8Array): CheckpointDescription {
  const { component, instrumentation, base, request, progress, used, collected, guest } = decodeCheckpoint(bytes);
  const pages = guest.memories.flatMap((memory) => memory.pages.filter((page) => page.bytes !== undefined));
  return {
    digest: checkpointDigest(bytes),
    bytes: bytes.length,
    component,
    instrumentation,
    base,
    runId: request.runId,
    attempt: request.attempt,
    eventId: request.event.id,
    topic: request.event.topic,
    payloadBytes: request.event.payload.length,
    limits: request.limits,
    authority: authorityOf(request),
    progress,
    fuel: used.fuel,
    wallMs: used.wallMs,
    effects: collected.effects.length,
    reads: collected.reads.length,
    listed: collected.listed.length,
    recordReads: request.recordReads === true,
    recordedPages: collected.pages.length,
    unrecorded: collected.unrecorded,
    logLines: collected.log.length,
    memoryBytes: guest.memories.reduce((sum, { length }) => sum + length, 0),
    pageBytes: pages.length * CHECKPOINT_PAGE_BYTES,
    frameBytes: guest.frames.length,
  };
}
