import { PROVIDER_BOUNDS } from './policy.js';

/** Bytes of a message share its memory, which may have been much larger: that does not stay for what waits. */
export function apart(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength - bytes.length < PROVIDER_BOUNDS.sharedBytes ? bytes : Uint8Array.from(bytes);
}
