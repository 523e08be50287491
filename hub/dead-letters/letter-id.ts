/** How a dead letter is called in commands and in the API: "run-3", "message-12". Pure. */
import type { LetterId } from '../store/index.js';

export function letterName({ kind, number }: LetterId): string {
  return `${kind}-${number}`;
}

/** @returns undefined when no letter can be called that. */
export function letterIdOf(name: string): LetterId | undefined {
  const [, kind, digits] = /^(run|message)-(\d{1,15})$/.exec(name) ?? [];
  if (kind !== 'run' && kind !== 'message') return undefined;
  return { kind, number: Number(digits) };
}
