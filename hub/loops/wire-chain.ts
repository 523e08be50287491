/**
 * The chain of an event as text, so that it goes with a message through
 * brokers and other hubs. Pure.
 */
import { LOOP_BOUNDS } from './limits.js';
import { isTaskName } from '../manifest/index.js';
import type { Chain } from './chain.js';

const SEPARATOR = ',';

/** The names, the last one last. Of a chain that is too long, the beginning is left out. */
export function writeChain(chain: Chain): string {
  let text = chain.slice(-LOOP_BOUNDS.chainLength).join(SEPARATOR);
  while (text.length > LOOP_BOUNDS.chainCharacters) text = text.slice(text.indexOf(SEPARATOR) + 1);
  return text;
}

/**
 * What a message says of itself; empty unless it is what `writeChain` could
 * have written.
 *
 * Whoever may publish may say what he likes. A chain does nothing but keep the
 * event that it came with from running, so that all he can cut is an event of his own.
 */
export function readChain(text: string | undefined): Chain {
  if (text === undefined || text.length > LOOP_BOUNDS.chainCharacters) return NO_CHAIN;
  const names = text.split(SEPARATOR);
  return names.length <= LOOP_BOUNDS.chainLength && names.every(isTaskName) ? names : NO_CHAIN;
}

const NO_CHAIN: Chain = [];
