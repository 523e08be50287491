/**
 * Rogue: spin. Loops for ever without calling anything; ends as out-of-fuel.
 */
import { Event } from "sterna";

/** Written in each turn and kept in memory that is visible outside, so that the loop cannot be left out. */
const turns: usize = memory.data(8);

export function onEvent(event: Event): void {
  while (true) store<u64>(turns, load<u64>(turns) + 1);
}
