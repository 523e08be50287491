/**
 * Comfort index: how warm a room's air feels.
 *
 * On a climate reading with a temperature and a humidity it publishes the
 * humidex, an air temperature that counts the moisture in, and a word for it,
 * to comfort/<room>.
 *
 * Config: `decimals` of the index that is published.
 */
import { publish } from "wasmcloud:messaging/consumer@0.2.0";
import { get as config } from "wasi:config/store@0.2.0-rc.1";
import { capture } from "sterna:task/context@0.1.0";

/** Words for the index from a value on, the highest first. J.M. Masterton, F.A. Richardson, "Humidex" (1979). */
const FEELINGS = [
  [46, "dangerous"],
  [40, "oppressive"],
  [30, "sultry"],
  [20, "comfortable"],
  [-Infinity, "cool"],
];

export const handler = {
  handleMessage({ subject, body }) {
    const reading = parsed(body);
    if (!isBetween(reading?.temperature, -60, 100) || !isBetween(reading?.humidity, 0, 100)) {
      console.error(`no reading on ${subject}`);
      return;
    }
    const index = humidex(reading.temperature, reading.humidity);
    const decimals = Number(config("decimals") ?? 1);
    const [, feels] = FEELINGS.find(([from]) => index >= from);
    const message = JSON.stringify({ index: Number(index.toFixed(decimals)), feels });
    publish({ subject: `comfort/${capture("room")}`, body: new TextEncoder().encode(message) });
  },
};

/** What devices send may be anything. */
function parsed(body) {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

function isBetween(value, least, most) {
  return typeof value === "number" && value >= least && value <= most;
}

/** In degrees Celsius, from those and percent. The vapour pressure is by Magnus, in hectopascal. */
function humidex(celsius, humidity) {
  const saturated = 6.112 * Math.exp((17.67 * celsius) / (celsius + 243.5));
  return celsius + (5 / 9) * ((saturated * humidity) / 100 - 10);
}
