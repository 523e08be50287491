/**
 * Rogue: recurse. Calls itself without end; ends as trapped, call-depth.
 */
import { Event } from "sterna";

const depth: usize = memory.data(4);

export function onEvent(event: Event): void {
  descend();
}

/** Works after the call too, so that it cannot be made a loop. */
function descend(): void {
  store<i32>(depth, load<i32>(depth) + 1);
  descend();
  store<i32>(depth, load<i32>(depth) - 1);
}
