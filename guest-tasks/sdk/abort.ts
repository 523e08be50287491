/**
 * What `throw`, a failed `assert` and a failed check of the standard library
 * do: tell the log what happened and where, then trap.
 *
 * The build names this function to asc as the module's `abort`.
 */
import { Level, write } from "./log";

export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const what = message !== null && message.length ? message : "aborted";
  const where = file !== null ? file : "unknown";
  write(
    Level.Critical,
    "abort",
    what + " (" + where + ":" + line.toString() + ":" + column.toString() + ")",
  );
  unreachable();
}
