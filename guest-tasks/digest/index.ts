/**
 * Digest: tells each morning how cold and how warm each room was since the
 * morning before.
 *
 * Readings widen the room's range; the timer publishes all ranges in one
 * message and begins anew. A hub that was away at the time makes up for it once
 * (`catchUp = "last"`): the message says for which morning it is.
 *
 * State: the room's name -> 16 bytes, the coldest and the warmest, f64 each.
 */
import { Event, fail, JsonWriter, lastError, log, publish, state } from "sterna";

const RECORD_BYTES = 16;

/** Readings outside are a sensor's fault, not a room's temperature. */
const COLDEST: f64 = -60;
const HOTTEST: f64 = 100;

export function onEvent(event: Event): void {
  if (event.topic.startsWith("$timer/")) tell(event.json().get("scheduled").str());
  else note(event.capture("room"), event.json().get("temperature").num());
}

function note(room: string, celsius: f64): void {
  // Not a reading: NaN fails both comparisons.
  if (!(celsius >= COLDEST && celsius <= HOTTEST)) return;
  const bucket = state.open();
  const stored = bucket.get(room);
  const isFirst = stored === null || stored.length != RECORD_BYTES;
  const record = isFirst ? new Uint8Array(RECORD_BYTES) : stored!;
  const at = record.dataStart;
  const coldest = isFirst ? celsius : Math.min(load<f64>(at), celsius);
  const warmest = isFirst ? celsius : Math.max(load<f64>(at, 8), celsius);
  // Most readings are within the range, and write nothing.
  if (!isFirst && coldest == load<f64>(at) && warmest == load<f64>(at, 8)) return;
  store<f64>(at, coldest);
  store<f64>(at, warmest, 8);
  if (!bucket.set(room, record)) log.error(lastError(), room);
}

function tell(scheduled: string): void {
  const bucket = state.open();
  const rooms = bucket.keys();
  const writer = new JsonWriter().object().key("scheduled").str(scheduled).key("rooms").object();
  for (let i = 0; i < rooms.length; i++) {
    const record = bucket.get(rooms[i]);
    if (record === null || record.length != RECORD_BYTES) continue;
    const at = record.dataStart;
    writer.key(rooms[i]).object();
    writer.key("coldest").num(load<f64>(at)).key("warmest").num(load<f64>(at, 8)).end();
    bucket.delete(rooms[i]);
  }
  // Without the message the ranges are not to be forgotten: the run has no effect at all then.
  if (!publish("digest/climate", writer.bytes())) fail(lastError());
}
