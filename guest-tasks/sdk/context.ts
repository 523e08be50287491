/** What a task can ask about its run. Each function is one call to the host. */
import { RESULT, discriminant, stringAt, unitsOf } from "./canonical-abi";
import {
  hostArrivedAt,
  hostAttempt,
  hostCapture,
  hostDeadlineLeftMs,
  hostEventId,
  hostFuelLeft,
  hostRunId,
} from "./imports";

/** The stable id of the event: the same for every attempt. */
export function eventId(): string {
  hostEventId(RESULT);
  return stringAt(0);
}

/** The id of this run: the same for every attempt. */
export function runId(): string {
  hostRunId(RESULT);
  return stringAt(0);
}

/** Which attempt this is; the first is 1. */
export function attempt(): u32 {
  return hostAttempt();
}

/** What `{name}` in the trigger's topic pattern matched, or "" when it has no such capture. */
export function capture(name: string): string {
  hostCapture(changetype<usize>(name), unitsOf(name), RESULT);
  return discriminant() == 1 ? stringAt(4) : "";
}

/** When the hub received the event, in milliseconds since 1970 (UTC). */
export function arrivedAt(): i64 {
  return <i64>hostArrivedAt();
}

/** Wall time left before the run is stopped, in milliseconds. */
export function deadlineLeftMs(): u32 {
  return hostDeadlineLeftMs();
}

/** Fuel left before the run is stopped. */
export function fuelLeft(): u64 {
  return hostFuelLeft();
}
