/** The task that is shown, and the event that it works on. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GUESTS } from '../start/places.mjs';

export const LONG_TASK = join(GUESTS, 'forecast');

/** Half a minute of work on a small computer. */
const STARTS = 9_000;

/** What the run takes in all, nearly. Fuel is counted, not measured: it is the same on every machine. */
export const EXPECTED_FUEL = 169e9;

export const TOPIC = 'forecast/house/fit';
export const RESULT_TOPIC = 'forecast/house/next';

/** Four weeks of readings: more in the evening, and ever more. */
export const PAYLOAD = JSON.stringify({
  hourly: Array.from({ length: 24 * 28 }, (_, hour) => 0.4 + Math.exp(-(((hour % 24) - 19) ** 2) / 8) + hour / 5_000),
  horizon: 24,
});

/** Puts the task into a folder, as one that can stand still and has enough to do. */
export function deployInto(tasks) {
  const folder = join(tasks, 'forecast');
  cpSync(LONG_TASK, folder, { recursive: true });
  const file = join(folder, 'task.toml');
  const toml = readFileSync(file, 'utf8')
    // Not more than a provider allows.
    .replace(/^fuel = .*/m, 'fuel = "900G"')
    .replace(/^deadline = .*/m, 'deadline = "10 min"')
    .replace(/^starts = .*/m, `starts = ${STARTS}`);
  writeFileSync(file, `${toml}\n[checkpoint]\nevery = "250 ms"\n`);
}
