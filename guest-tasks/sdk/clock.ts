/** The run's clocks. They start at its recorded start time, so that a repeated run reads the same. */
import { RESULT, u32At, u64At } from "./canonical-abi";
import { hostMonotonicClockNow, hostWallClockNow } from "./imports";

/** The time, in milliseconds since 1970 (UTC). */
export function now(): i64 {
  hostWallClockNow(RESULT);
  return <i64>u64At(0) * 1000 + <i64>(u32At(8) / 1_000_000);
}

/** Nanoseconds since a moment that is fixed within a run. */
export function monotonicNs(): u64 {
  return hostMonotonicClockNow();
}
