/**
 * A run that stands still, as a value: what has been asked of it, what it has
 * done so far, and where its code is. It holds nothing of the machine it was
 * taken on; `format.ts` says how it is written down.
 */
import type { Bytes, Effect, Fuel, KeyPage, Listed, LogLine, Outcome, Read, RunRequest } from '../task.js';

/** The parts in which memory is kept: fewer bytes around what changed than a page of WebAssembly, which has 16 of them. */
export const CHECKPOINT_PAGE_BYTES = 4096;

export interface Checkpoint {
  /** sha256 of the component file, in hex. */
  readonly component: string;
  /** Names the rewritten code that the frames belong to: `Artifact.resumable.instrumentation`. */
  readonly instrumentation: string;
  /** What was asked; which installed task that is, each machine says for itself. */
  readonly request: Omit<RunRequest, 'task'>;
  /** The last progress that the guest offered, from 0 to 1. */
  readonly progress: number;
  readonly used: Used;
  readonly collected: Collected;
  readonly guest: GuestState;
  /**
   * The digest of the checkpoint that the memory pages here are the difference to, in hex (see `deltaOf`); undefined
   * when they are the difference to what an instance begins with.
   */
  readonly base: string | undefined;
}

/** What a run used up until it stood still. Time that it stands still does not count. */
interface Used {
  readonly fuel: Fuel;
  readonly wallMs: number;
  readonly hostMs: number;
  readonly peakMemoryBytes: Bytes;
}

/** A key that a run looked at, and what it found, which it will find again. */
export interface ReadValue extends Read {
  readonly value: Uint8Array | undefined;
  /** Whether the result says what it found: see `RunRequest.recordReads`. */
  readonly isRecorded: boolean;
}

/** What the host keeps of a run while it executes. */
export interface Collected {
  readonly effects: readonly Effect[];
  readonly reads: readonly ReadValue[];
  readonly log: readonly LogLine[];
  readonly droppedLogLines: number;
  readonly outputBytes: Bytes;
  readonly logBytes: Bytes;
  /** An outcome that stands whatever the guest does next. */
  readonly verdict: Outcome | undefined;
  readonly memoryRefused: boolean;
  /** By bucket, the last key of each page that was listed of it. */
  readonly cursors: readonly (readonly [bucket: string, keys: readonly string[]])[];
  /** The buckets that it listed keys of, each with the version of the set that it saw first. */
  readonly listed: readonly Listed[];
  /** The lists of keys that are recorded. */
  readonly pages: readonly KeyPage[];
  /** Why something is missing that should be recorded. */
  readonly unrecorded: string | undefined;
  /** What was written to a standard stream and is no line yet. */
  readonly unfinished: readonly UnfinishedLine[];
  /** The four words of the random numbers' generator; undefined before the first was drawn. */
  readonly random: readonly [number, number, number, number] | undefined;
}

export interface UnfinishedLine {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
  readonly isCut: boolean;
}

/** What the guest's side consists of. */
export interface GuestState {
  /** The core values that its export was called with. */
  readonly args: readonly number[];
  /** The table of its handles: its length, and the free ones in the order in which they were given back. */
  readonly handles: { readonly size: number; readonly free: readonly number[] };
  /** In the order in which the modules define them. */
  readonly memories: readonly MemoryState[];
  /** By module, the 64-bit words of its mutable globals: see `provision/suspend/global-words.ts`. */
  readonly globals: readonly (readonly bigint[])[];
  /** Globals that belong to no module. */
  readonly shared: readonly number[];
  /** The frames that were put away, as Asyncify writes them: the innermost first. */
  readonly frames: Uint8Array;
}

export interface MemoryState {
  /** Its length, a multiple of WebAssembly's 64 KiB. */
  readonly length: Bytes;
  /** In ascending order of their index. */
  readonly pages: readonly MemoryPage[];
}

export interface MemoryPage {
  /** Counted in `CHECKPOINT_PAGE_BYTES`. */
  readonly index: number;
  /** All of the page; undefined, only where there is a base, for one that is as in the beginning again. */
  readonly bytes: Uint8Array | undefined;
}
