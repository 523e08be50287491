/** What Sterna asks of V8. Flags hold for the process and for code compiled after they are set. */
import { setFlagsFromString } from 'node:v8';

let tuned = false;

/** Sets the flags once. Call it before the first guest is compiled. */
export function tuneEngine(): void {
  if (tuned) return;
  tuned = true;
  // Heed the hints that metering writes. On by default from V8 13.7; before, a flag that nothing else depends on.
  setFlagsFromString('--experimental-wasm-branch-hinting');
}
