/** What Sterna asks of V8. Flags hold for the process and for code compiled after they are set. */
import { setFlagsFromString } from 'node:v8';

let tuned = false;

/** Sets the flags once. Call it before the first guest is compiled. */
export function tuneEngine(): void {
  if (tuned) return;
  tuned = true;
  // Heed the hints that metering writes. On by default from V8 13.7; before, a flag that nothing else depends on.
  setFlagsFromString('--experimental-wasm-branch-hinting');
  // Code of V8's first compiler notices that its thread is to end when this much of it has run: `loop { memory.fill }`
  // of 16 MiB dies after 0.3 s instead of never. The programs of the benchmark are as fast as with the default of 1.8 million.
  setFlagsFromString('--wasm-tiering-budget=100000');
}
