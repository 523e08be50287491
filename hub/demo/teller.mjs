/** Tells what happens, each line with the seconds since the beginning. */

const startedAtMs = performance.now();

export function secondsSoFar() {
  return (performance.now() - startedAtMs) / 1_000;
}

/** One thing that happened. */
export function tell(text) {
  process.stdout.write(`${secondsSoFar().toFixed(1).padStart(5)} s  ${text}\n`);
}

/** What a person would type. */
export function tellCommand(text) {
  process.stdout.write(`\n         $ ${text}\n`);
}

/** What a command printed. */
export function tellOutput(text) {
  for (const line of text.split('\n')) process.stdout.write(`${`         ${line}`.trimEnd()}\n`);
}

/** The beginning of something, for who reads along. */
export function explain(text) {
  process.stdout.write(`\n${text}\n\n`);
}

export function bytesText(bytes) {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

export function fuelText(fuel) {
  return `${(fuel / 1e9).toFixed(1)}G`;
}
