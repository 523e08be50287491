/**
 * Anomaly: says when a room's climate does something its past does not explain.
 *
 * For temperature and humidity it follows the level and the usual deviation
 * from it, both as exponential means. A reading's score is its distance from
 * the level in usual deviations, the larger of the two. From `threshold` on the
 * reading is anomalous: it is published, and does not move the level, so that
 * a long event stays one until the room is back where it was. After `patience`
 * anomalous readings in a row the new level is taken for normal.
 *
 * On the labelled single-hop trace of Suthaharan et al. (TelosB motes, steam
 * from a kettle; 18,914 readings, 149 labelled) the constants were chosen on
 * motes 1 and 2, and give, per reading:
 *
 *   motes 1, 2 (117 labelled)   precision 0.99   recall 1.00
 *   motes 3, 4 (32 labelled)    precision 1.00   recall 0.97
 *
 * Motes 3 and 4 are not a blind test: their scores were looked at when the
 * constants were chosen.
 *
 * There are two events in the whole trace, both of one kind and both sharp:
 * what this says about slow or small anomalies is nothing.
 *
 * Config: `threshold`.
 * State: the room's name -> a record, see `Baseline`.
 */
import { config, Event, JsonWriter, lastError, log, publish, state } from "sterna";
import { Baseline } from "./baseline";

export function onEvent(event: Event): void {
  const reading = event.json();
  const temperature = reading.get("temperature").num();
  const humidity = reading.get("humidity").num();
  if (isNaN(temperature) || isNaN(humidity)) return;

  const room = event.capture("room");
  const bucket = state.open();
  const baseline = new Baseline(bucket.get(room));
  const wasAnomalous = baseline.anomalousReadings > 0;
  const score = baseline.take(temperature, humidity, config.num("threshold", 6));
  const readings = baseline.anomalousReadings;
  if (readings > 0 || wasAnomalous) {
    const payload = new JsonWriter()
      .object()
      .key("score")
      .num(Math.round(score * 100) / 100)
      .key("anomalous")
      .bool(readings > 0)
      .key("readings")
      .int(readings)
      .key("temperature")
      .num(temperature)
      .key("humidity")
      .num(humidity)
      .bytes();
    if (!publish("anomaly/" + room, payload)) log.error(lastError(), room);
  }
  if (!bucket.set(room, baseline.record)) log.error(lastError(), room);
}
