import { END, LEAVE_IF, LOOP, plain, STORE } from './code.js';
import { around, bytes, coreModule, repeated, u32 } from './core-module.js';

/** A task as large as one with a JavaScript engine in it: 12 MB of loops and calls in 7,000 functions. Each seed makes another. */
export function largeComponent(seed: number): Promise<Uint8Array> {
  const loop = bytes(LOOP, LEAVE_IF, repeated(18, STORE), [END]);
  const calling = (i: number) => plain(repeated(10, loop), i > 0 ? [0x10, ...u32(1 + i)] : []);
  return around(coreModule({ functions: Array.from({ length: 7_000 + seed }, (_, i) => calling(i)) }));
}
