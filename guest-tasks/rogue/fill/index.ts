/**
 * Rogue: fill. Fills a megabyte in each turn of an endless loop: few
 * instructions, much work; ends as out-of-fuel.
 */
import { Event } from "sterna";

const BYTES = 1024 * 1024;

export function onEvent(event: Event): void {
  const block = new Uint8Array(BYTES);
  let value: u8 = 0;
  while (true) memory.fill(block.dataStart, value++, BYTES);
}
