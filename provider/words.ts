/** What the commands of a provider print. */
import type { KnownHub } from './identity/known-hubs.js';

export interface Output {
  write(text: string): unknown;
}

/** Digits of a hub's key that are shown of it. */
const SHOWN_ID = 12;

/** @param hub Its public key, in hex. */
export function shownId(hub: string): string {
  return hub.slice(0, SHOWN_ID);
}

export function hubText({ hub, name }: Pick<KnownHub, 'hub' | 'name'>): string {
  return name === undefined ? shownId(hub) : `${shown(name)} (${shownId(hub)})`;
}

/** In UTC, to the second. @param ms Milliseconds since 1970 (UTC); undefined for what is not known. */
export function momentText(ms: number | undefined): string {
  return ms === undefined ? '' : new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** What comes from outside, on one line and without what a terminal takes for a command. */
export function shown(text: string): string {
  return text.replaceAll(/[^\x20-\x7e\u{a0}-\u{10ffff}]/gu, '?').slice(0, 300);
}

/** Says on stderr why a command is not carried out. @returns its exit code. */
export function refuse(message: string): number {
  process.stderr.write(`sterna provider: ${message}\n`);
  return 1;
}

export function noProvider(data: string): string {
  return `there is no provider in ${data}: begin with "sterna provider init"`;
}
