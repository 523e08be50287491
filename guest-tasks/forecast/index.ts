/**
 * Forecast: fits a seasonal model to a meter's hourly readings, up to a year
 * of them, and publishes what it expects of the next hours.
 *
 * The model (`SeasonalModel`) has four parameters. They are searched for by
 * coordinate steps from many starting points (`search`), each tried on all
 * readings: minutes of work, in one run, with nothing kept in between. It
 * knows nothing of being interrupted.
 *
 * Config: `starts`, how many starting points.
 */
import { config, Event, fail, JsonWriter, lastError, log, publish } from "sterna";
import { search } from "./search";
import { HOURS_PER_WEEK, SeasonalModel } from "./seasonal-model";

/** A leap year. */
const MOST_READINGS = 8784;
const MOST_HORIZON = 168;

export function onEvent(event: Event): void {
  const request = event.json();
  const items = request.get("hourly").items();
  if (items.length < 2 * HOURS_PER_WEEK || items.length > MOST_READINGS) {
    return fail(
      `"hourly" must have ${2 * HOURS_PER_WEEK} to ${MOST_READINGS} numbers: it has ${items.length}`,
    );
  }
  const readings = new StaticArray<f64>(items.length);
  for (let i = 0; i < items.length; i++) {
    const value = items[i].num();
    if (isNaN(value)) return fail(`"hourly" must have numbers only: item ${i} is none`);
    readings[i] = value;
  }
  const horizon = request.get("horizon").int(48);
  if (horizon < 1 || horizon > MOST_HORIZON) {
    return fail(`"horizon" must be 1 to ${MOST_HORIZON} hours: it is ${horizon}`);
  }

  const model = new SeasonalModel(readings);
  const best = search(model, <i32>config.num("starts", 2000));
  model.follow(best);
  const meter = event.capture("meter");
  log.info(`error ${model.error} kWh after ${model.fits} fits`, meter);
  if (!publish(`forecast/${meter}/next`, answer(model, best, <i32>horizon)))
    log.error(lastError(), meter);
}

function answer(model: SeasonalModel, best: StaticArray<f64>, horizon: i32): Uint8Array {
  const json = new JsonWriter().object().key("error").num(rounded(model.error));
  json.key("parameters").array();
  for (let i = 0; i < best.length; i++) json.num(rounded(best[i]));
  json.end().key("hourly").array();
  for (let hour = 0; hour < horizon; hour++) json.num(rounded(model.expected(hour)));
  return json.bytes();
}

function rounded(value: f64): f64 {
  return Math.round(value * 1e4) / 1e4;
}
