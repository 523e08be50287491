/** What values of options must be. */
// Not through the door of its folder, which brings the schema library along.
import { parseBytes, parseDurationMs } from '../manifest/units.js';
import { DEVICE_CLASS } from '../placement/policy.js';
import { InvalidArgumentError } from './command-line.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export function listed(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

export function duration(value: string): number {
  const parsed = parseDurationMs(value);
  if (parsed.ok) return parsed.amount;
  throw new InvalidArgumentError(`It must be ${parsed.expected}.`);
}

export function size(value: string): number {
  const parsed = parseBytes(value);
  if (parsed.ok) return parsed.amount;
  throw new InvalidArgumentError(`It must be ${parsed.expected}.`);
}

export function sizeOrOff(value: string): number {
  if (value === 'off') return 0;
  const parsed = parseBytes(value);
  if (parsed.ok) return parsed.amount;
  throw new InvalidArgumentError(`It must be ${parsed.expected}, or "off".`);
}

export function number(value: string): number {
  const parsed = value.trim() === '' ? Number.NaN : Number(value);
  if (!Number.isNaN(parsed)) return parsed;
  throw new InvalidArgumentError('It must be a number.');
}

export function wholeNumber(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

export function deviceClass(value: string): string {
  if (DEVICE_CLASS.test(value)) return value;
  throw new InvalidArgumentError('It must be a word of small letters, digits and -, such as server.');
}

/** Whoever has the token controls the hub, and HTTP shows it to the network: so it stays on this machine. */
export function loopbackOrOff(value: string): Address | 'off' {
  // Not undefined, which commander takes for an option without a value.
  if (value === 'off') return value;
  const parsed = address(value);
  if (parsed.host === 'localhost' || parsed.host === '::1' || /^127(\.\d{1,3}){3}$/.test(parsed.host)) return parsed;
  throw new InvalidArgumentError('It must be an address of loopback, such as 127.0.0.1:7442, or "off".');
}

export function address(value: string): Address {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(value) ?? [];
  const host = bracketed ?? plain;
  if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) };
  throw new InvalidArgumentError('It must be HOST:PORT, such as 127.0.0.1:1883.');
}
