/**
 * Thermostat: keeps each room near its target temperature.
 *
 * On a climate reading it turns the room's radiator on below the target and
 * off above it. Between the two thresholds it leaves the radiator as it is
 * (hysteresis), so that a temperature that hovers does not make it chatter.
 * A command is published only when it changes something.
 *
 * Config: `target` in degrees Celsius, `target.<room>` for one room,
 * `hysteresis` for the whole width between the thresholds.
 * State: the room's name -> "ON" or "OFF", the last command.
 */
import { config, Event, JsonWriter, lastError, log, publish, state } from "sterna";

/** Readings outside are a sensor's fault, not a room's temperature. */
const COLDEST: f64 = -60;
const HOTTEST: f64 = 100;

export function onEvent(event: Event): void {
  const celsius = event.json().get("temperature").num();
  // Not a reading: NaN fails both comparisons.
  if (!(celsius >= COLDEST && celsius <= HOTTEST)) return;

  const room = event.capture("room");
  const bucket = state.open();
  const last = bucket.getText(room);
  const next = command(celsius, room, last);
  if (next.length == 0 || (last !== null && last == next)) return;

  const payload = new JsonWriter().object().key("state").str(next).bytes();
  if (!publish("zigbee2mqtt/" + room + "/radiator/set", payload) || !bucket.setText(room, next)) {
    log.error(lastError(), room);
  }
}

/** What the radiator should be told, or "" for nothing. */
function command(celsius: f64, room: string, last: string | null): string {
  const target = config.num("target." + room, config.num("target", 21));
  const half = Math.abs(config.num("hysteresis", 1)) / 2;
  if (celsius < target - half) return "ON";
  if (celsius > target + half) return "OFF";
  return last === null ? "" : last;
}
