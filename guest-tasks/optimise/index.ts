/**
 * Optimise: plans when a battery charges and discharges over a day of prices.
 *
 * Dynamic programming over steps of time and levels of charge (`plan`): each
 * step, each level and each change of it is looked at, which finds the
 * cheapest plan there is at that resolution. It knows nothing of being
 * interrupted.
 *
 * Config: `capacity` (kWh), `power` (kW), `efficiency` (of a charge and a
 * discharge each), `levels` (of charge).
 */
import { config, Event, fail, Json, JsonWriter, lastError, log, publish } from "sterna";
import { Battery, Day, plan, Plan } from "./plan";

/** Quarters of an hour in two days. */
const MOST_STEPS = 192;
const MOST_LEVELS = 10000;

export function onEvent(event: Event): void {
  const request = event.json();
  const prices = numbers(request.get("prices"), 0);
  if (prices === null || prices.length < 2) {
    return fail(`"prices" must be 2 to ${MOST_STEPS} numbers, per kWh`);
  }
  const steps = prices.length;
  const load = numbers(request.get("load"), steps);
  const solar = numbers(request.get("solar"), steps);
  if (load === null || solar === null) {
    return fail(`"load" and "solar" must be ${steps} numbers each, as many as prices`);
  }
  const levels = <i32>config.num("levels", 2000);
  if (levels < 2 || levels > MOST_LEVELS) return fail(`levels must be 2 to ${MOST_LEVELS}`);

  const battery = new Battery(
    config.num("capacity", 10),
    config.num("power", 5),
    config.num("efficiency", 0.94),
    levels,
  );
  const hours: f64 = steps > 48 ? 0.25 : 1;
  const best = plan(battery, new Day(prices, load, solar, hours), request.get("charge").num(0));
  const name = event.capture("battery");
  log.info(`cost ${best.cost}, without a battery ${best.costWithout}`, name);
  if (!publish(`battery/${name}/schedule`, answer(best))) log.error(lastError(), name);
}

/** Numbers of a list, zeros where it is missing; null when it is not of that length, if one is given. */
function numbers(list: Json, length: i32): StaticArray<f64> | null {
  if (!list.exists && length > 0) return new StaticArray<f64>(length);
  const items = list.items();
  if (items.length > MOST_STEPS || (length > 0 && items.length != length)) return null;
  const values = new StaticArray<f64>(items.length);
  for (let i = 0; i < items.length; i++) {
    const value = items[i].num();
    if (isNaN(value)) return null;
    values[i] = value;
  }
  return values;
}

function answer(best: Plan): Uint8Array {
  const json = new JsonWriter().object();
  json.key("cost").num(rounded(best.cost)).key("without").num(rounded(best.costWithout));
  json.key("charge").array();
  for (let i = 0; i < best.charge.length; i++) json.num(rounded(best.charge[i]));
  return json.bytes();
}

function rounded(value: f64): f64 {
  return Math.round(value * 1e3) / 1e3;
}
