/**
 * Rogue: hoard. Allocates and keeps what it has until it is refused more; ends
 * as out-of-memory.
 */
import { Event } from "sterna";

const CHUNK_BYTES = 64 * 1024;

/** Reachable, so that no collector can help. */
const hoard: Uint8Array[] = [];

export function onEvent(event: Event): void {
  while (true) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    chunk[0] = 1;
    hoard.push(chunk);
  }
}
