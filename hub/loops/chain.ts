/** How an event came about, and whether that is a loop. Pure. */
import { LOOP_BOUNDS } from './limits.js';

/**
 * The tasks whose publishes led to an event, each by the one before, the last
 * one last. Empty for an event from outside. Plain data.
 */
export type Chain = readonly string[];

/**
 * Whether a task is not to be run for an event because it has been woken by
 * its own publishes `hops` times in a row. A long chain of different tasks is
 * no loop.
 */
export function isLoop(chain: Chain, task: string, hops: number): boolean {
  if (chain.length <= hops) return false;
  if (chain.length >= LOOP_BOUNDS.chainLength) return true;
  let own = 0;
  for (const name of chain) if (name === task) own++;
  return own > hops;
}

/** A chain for people: who wakes whom, and how often the last of it went round. */
export function showChain(chain: Chain): string {
  const shown = chain.length <= SHOWN ? chain : ['...', ...chain.slice(-SHOWN)];
  return `${shown.join(' > ')} (${chain.length} publishes in a row)`;
}

const SHOWN = 4;
