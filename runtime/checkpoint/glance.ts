/** The first few values of a checkpoint that this process has just made: reading all of it takes as long as it is large. */
import type { Fuel } from '../task.js';
import { BodyReader } from './body-reader.js';
import { HEADER_BYTES } from './format.js';

export interface Glance {
  /** The digest of what it is a difference to; undefined when it stands alone. */
  readonly base: string | undefined;
  readonly progress: number;
  readonly fuel: Fuel;
  /** How long it has executed. */
  readonly wallMs: number;
}

/** @param bytes as `PointOptions.onPoint` and `RunHandle.suspend` hand them out: not packed, and not from elsewhere. */
export function glanceAt(bytes: Uint8Array): Glance {
  const body = new BodyReader(bytes.subarray(HEADER_BYTES));
  body.name('the component');
  body.name('the instrumentation');
  const base = body.optional('a base', () => body.name('the base'));
  const progress = body.amount('the progress');
  const fuel = body.count('the fuel used');
  return { base, progress, fuel, wallMs: body.amount('the time used') };
}
