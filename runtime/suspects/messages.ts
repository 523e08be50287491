/** Messages between the runtime and the process that runs suspected tasks. Types only. */
import type { Packed, ThreadOptions } from '../worker/wire.js';

export type ToProcess =
  /** Comes first, and is answered when runs can come. */
  | { readonly type: 'begin'; readonly options: Omit<ThreadOptions, 'control'> }
  /** One run; the next comes when it has been answered. */
  | { readonly type: 'run'; readonly run: Packed }
  | { readonly type: 'cancel' };

export type FromProcess = { readonly type: 'ready' } | { readonly type: 'ended'; readonly result: Packed };
