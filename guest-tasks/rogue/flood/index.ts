/**
 * Rogue: flood. Publishes without end to a topic it may publish to; ends at
 * its output limit.
 */
import { Event, publish } from "sterna";

const PAYLOAD_BYTES = 1024;

export function onEvent(event: Event): void {
  const payload = new Uint8Array(PAYLOAD_BYTES);
  while (true) publish("rogue/flood/out", payload);
}
