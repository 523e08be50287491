/**
 * Amounts as people write them in a manifest or on the command line.
 *
 * Each function answers with the amount, or with a sentence that says what
 * would be right.
 */
export type Parsed = { readonly ok: true; readonly amount: number } | { readonly ok: false; readonly expected: string };

const FUEL = { '': 1, k: 1e3, M: 1e6, G: 1e9 } as const;
const BYTES = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;
const DURATION_MS = { ms: 1, s: 1e3, min: 60e3, h: 3_600e3 } as const;

/** A number of fuel units: 250000, "250k", "100M", "2G"; the letters are powers of 1000. */
export function parseFuel(input: string | number): Parsed {
  const expected = 'a whole number above 0, or one with k, M or G, such as "100M"';
  if (typeof input === 'number') return whole(input, expected);
  return withUnit(input, FUEL, expected);
}

/** A size in bytes: "512 B", "256 KiB", "16 MiB"; KiB is 1024 bytes, kB is 1000. */
export function parseBytes(input: string | number): Parsed {
  const expected = 'a size with a unit (B, KiB, MiB, GiB, kB, MB or GB), such as "16 MiB"';
  if (typeof input === 'number') return { ok: false, expected };
  return withUnit(input, BYTES, expected);
}

/** A duration, in milliseconds: "250 ms", "3 s", "5 min", "1 h". */
export function parseDurationMs(input: string | number): Parsed {
  const expected = 'a duration with a unit (ms, s, min or h), such as "3 s"';
  if (typeof input === 'number') return { ok: false, expected };
  return withUnit(input, DURATION_MS, expected);
}

function withUnit(input: string, units: Readonly<Record<string, number>>, expected: string): Parsed {
  const match = /^(\d{1,15}(?:\.\d{1,9})?) ?([A-Za-z]*)$/.exec(input.trim());
  const [, digits, unit] = match ?? [];
  if (digits === undefined || unit === undefined || !Object.hasOwn(units, unit)) return { ok: false, expected };
  return whole(Math.round(Number(digits) * (units[unit] ?? Number.NaN)), expected);
}

function whole(amount: number, expected: string): Parsed {
  if (!Number.isSafeInteger(amount) || amount < 1) return { ok: false, expected };
  return { ok: true, amount };
}
