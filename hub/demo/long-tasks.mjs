/** The tasks that are shown, and the event that each works on. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GUESTS } from '../start/places.mjs';

/** What both are made of. */
export const COMPONENT = join(GUESTS, 'forecast');

/** What one start of the search takes, nearly. Fuel is counted, not measured: it is the same on every machine. */
const FUEL_PER_START = 18.78e6;

/** With whom it stays when the link is lost, is said in the application. Together half a minute of work on a small computer. */
export const HOUSE = longTask('forecast', 5_000, 'hub');
export const BARN = longTask('forecast-barn', 3_500, 'provider');

function longTask(name, starts, responsible) {
  const meter = responsible === 'hub' ? 'house' : 'barn';
  return {
    name,
    responsible,
    starts,
    expectedFuel: starts * FUEL_PER_START,
    topic: `${name}/${meter}/fit`,
    resultTopic: `forecast/${meter}/next`,
  };
}

/** Four weeks of readings: more in the evening, and ever more. */
export const PAYLOAD = JSON.stringify({
  hourly: Array.from({ length: 24 * 28 }, (_, hour) => 0.4 + Math.exp(-(((hour % 24) - 19) ** 2) / 8) + hour / 5_000),
  horizon: 24,
});

/** Puts a task into a folder, as one that has enough to do. */
export function deployInto(tasks, { name, starts }) {
  const folder = join(tasks, name);
  cpSync(COMPONENT, folder, { recursive: true });
  const file = join(folder, 'task.toml');
  const toml = readFileSync(file, 'utf8')
    .replace(/^name = .*/m, `name = "${name}"\ncomponent = "build/forecast.wasm"`)
    .replace(/^topic = .*/m, `topic = "${name}/{meter}/fit"`)
    .replace(/^starts = .*/m, `starts = ${starts}`);
  writeFileSync(file, `${toml}\n[checkpoint]\nevery = "250 ms"\n`);
}

/** What the application says of both. */
export function application() {
  const terms = [HOUSE, BARN].map(({ name, responsible }) => `[tasks.${name}]\nresponsible = "${responsible}"\n`);
  return `name = "demo"\n[placement]\ndefault = "prefer-local"\n${terms.join('')}`;
}
