/** Amounts as a person reads them: three significant digits and a unit. Pure. */

/** Fuel, in powers of 1,000: "950", "12.3 k", "100 M". */
export function fuelText(fuel: number): string {
  return scaled(fuel, 1_000, ['', 'k', 'M', 'G', 'T', 'P']);
}

/** Bytes, in powers of 1,024: "0 B", "64.0 KiB", "1.50 MiB". */
export function bytesText(bytes: number): string {
  return scaled(bytes, 1_024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
}

/** Milliseconds: "0.02 ms", "12.3 ms", "1.20 s", from two minutes on "2.5 min", and from two hours on "3.0 h". */
export function durationText(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 2 * MINUTE_MS) return scaled(ms, 1_000, ['ms', 's']);
  return ms < 2 * HOUR_MS ? `${(ms / MINUTE_MS).toFixed(1)} min` : `${(ms / HOUR_MS).toFixed(1)} h`;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function scaled(value: number, base: number, units: readonly string[]): string {
  let amount = value;
  let at = 0;
  // Compared as it will be shown: 999.9 k would otherwise be shown as "1000 k".
  while (Math.round(amount) >= base && at < units.length - 1) {
    amount /= base;
    at += 1;
  }
  const digits = at === 0 && Number.isInteger(amount) ? 0 : amount >= 99.95 ? 0 : amount >= 9.995 ? 1 : 2;
  return `${amount.toFixed(digits)} ${units[at] ?? ''}`.trimEnd();
}
