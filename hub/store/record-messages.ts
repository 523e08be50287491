/** What the hub and the thread that reads records say to each other. Types only. */
import type { RunQuery } from './record-reader.js';

export type RecordQuestion =
  | { readonly kind: 'find'; readonly id: number; readonly runId: string; readonly bornMs: number }
  | { readonly kind: 'list'; readonly id: number; readonly query: RunQuery };

export type RecordRequest =
  | RecordQuestion
  /** Ends the thread. */
  | { readonly kind: 'close' };

export type RecordAnswer =
  /** As JSON; undefined when nothing was found. */
  | { readonly kind: 'answered'; readonly id: number; readonly json: string | undefined }
  | { readonly kind: 'fault'; readonly id: number; readonly fault: string };
