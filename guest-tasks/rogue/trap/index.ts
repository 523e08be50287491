/**
 * Rogue: trap. Fails a check as a bug would; ends as trapped, and the log says
 * where. A payload of "unreachable" traps without a word.
 */
import { Event } from "sterna";

export function onEvent(event: Event): void {
  if (event.text() == "unreachable") unreachable();
  throw new Error("a bug was here");
}
