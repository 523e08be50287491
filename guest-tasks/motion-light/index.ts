/**
 * Motion light: light on when someone moves, off after a quiet time.
 *
 * Quiet is measured between the times of events: the payload's `last_seen`,
 * or when the hub received it. A backlog that arrives in one go after an
 * outage therefore ends as it would have at the time. Every report from the
 * room's motion and climate sensors is a chance to see that the time has
 * passed.
 *
 * Config: `quiet` in seconds.
 * State: the room's name -> 10 bytes:
 *
 *   0  1 if the light is on
 *   1  1 if the time below is a device's `last_seen`, 0 if it is the hub's
 *   2  time of the last motion, i64, milliseconds since 1970 (UTC)
 */
import { config, Event, JsonWriter, lastError, log, NO_TIME, publish, state, timeOf } from "sterna";

const RECORD_BYTES = 10;

export function onEvent(event: Event): void {
  const report = event.json();
  if (!report.exists) return;
  const seen = timeOf(report.get("last_seen"));
  const isDeviceTime = seen != NO_TIME;
  const time = isDeviceTime ? seen : event.arrivedAt;

  const room = event.capture("room");
  const bucket = state.open();
  const stored = bucket.get(room);
  const record =
    stored !== null && stored.length == RECORD_BYTES ? stored : new Uint8Array(RECORD_BYTES);
  const at = record.dataStart;
  const isOn = load<u8>(at) == 1;
  const lastMotion = load<i64>(at, 2);
  // Devices' clocks and the hub's differ: times of one are not compared with times of the other.
  const comparable = (load<u8>(at, 1) == 1) == isDeviceTime;

  if (report.get("occupancy").bool()) {
    // A report that was overtaken by a newer one changes nothing.
    if (isOn && comparable && time <= lastMotion) return;
    if (!isOn && !tell(room, "ON")) return;
    store<u8>(at, 1);
    store<u8>(at, isDeviceTime ? 1 : 0, 1);
    store<i64>(at, time, 2);
  } else {
    const quietMs = <i64>(config.num("quiet", 120) * 1000);
    if (!isOn || !comparable || time - lastMotion < quietMs) return;
    if (!tell(room, "OFF")) return;
    store<u8>(at, 0);
  }
  if (!bucket.set(room, record)) log.error(lastError(), room);
}

function tell(room: string, command: string): bool {
  const payload = new JsonWriter().object().key("state").str(command).bytes();
  if (publish("zigbee2mqtt/" + room + "/light/set", payload)) return true;
  log.error(lastError(), room);
  return false;
}
