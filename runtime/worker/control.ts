/** Numbers that the pool and a thread share while a batch executes: see `CONTROL` in `wire.ts`. */
import { RUNTIME_BOUNDS } from '../limits.js';
import { CONTROL } from './wire.js';

const BLOCK_SLOTS = CONTROL.ask + RUNTIME_BOUNDS.batchRuns;

export function newControl(blocks: number): SharedArrayBuffer {
  return new SharedArrayBuffer(blocks * BLOCK_SLOTS * Int32Array.BYTES_PER_ELEMENT);
}

export function controlBlock(control: SharedArrayBuffer, block: number): Int32Array {
  return new Int32Array(control, block * BLOCK_SLOTS * Int32Array.BYTES_PER_ELEMENT, BLOCK_SLOTS);
}
