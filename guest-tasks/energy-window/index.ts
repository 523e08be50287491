/**
 * Energy window: watches what each meter used in the last 15 minutes.
 *
 * The window is a ring of slots of 15 seconds. What a meter used between two
 * reports is spread evenly over the time between them. It is the difference of
 * the `energy` counter (kWh), or, for a plug without one, the `power` (W) of
 * the earlier report held until the later. Going over the budget is announced
 * once; the next announcement needs the use to have been below it by a tenth.
 *
 * Config: `budget` in kWh per 15 minutes, `budget.<meter>` for one meter.
 * State: the meter's name -> a record, see `Window`.
 */
import { config, Event, JsonWriter, lastError, log, NO_TIME, publish, state, timeOf } from "sterna";
import { Window } from "./window";

/** Below this part of the budget, going over it is news again. */
const REARM: f64 = 0.9;

export function onEvent(event: Event): void {
  const report = event.json();
  const power = report.get("power").num();
  const energy = report.get("energy").num();
  if (isNaN(power) && isNaN(energy)) return;
  const seen = timeOf(report.get("last_seen"));
  const time = seen == NO_TIME ? event.arrivedAt : seen;

  const meter = event.capture("meter");
  const bucket = state.open();
  const window = new Window(bucket.get(meter));
  // Overtaken by a newer report, or a second one of the same moment.
  if (!window.advance(time, power, energy)) return;

  const used = window.total();
  const budget = config.num("budget." + meter, config.num("budget", 0.5));
  if (used > budget && !window.isOver) {
    if (!publish("alerts/energy/" + meter, alert(meter, used, budget, time)))
      log.error(lastError(), meter);
    window.isOver = true;
  } else if (used < budget * REARM) window.isOver = false;
  if (!bucket.set(meter, window.record)) log.error(lastError(), meter);
}

function alert(meter: string, used: f64, budget: f64, time: i64): Uint8Array {
  return new JsonWriter()
    .object()
    .key("meter")
    .str(meter)
    .key("energy")
    .num(Math.round(used * 1e4) / 1e4)
    .key("budget")
    .num(budget)
    .key("minutes")
    .int(15)
    .key("time")
    .int(time)
    .bytes();
}
