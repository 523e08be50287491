/** What a hub is given in place of a placement and its links, by a peer in this process. */
import type { HubOptions } from '../../../hub/hub.js';
import type { Links, Moves } from '../../../hub/migration/index.js';
import { NO_LINKS } from '../../../hub/migration/links.js';
import type { MigrationMessage, Terms } from '../../../provider/protocol/migration/index.js';

export const PEER = 'shed';

/** Shorter than any that a provider has: a test waits for it. */
export const LEASE_MS = 300;

/** All runs of the hub begin there. */
export function placementWith(linksFor: (moves: Moves) => Links): NonNullable<HubOptions['placement']> {
  return {
    over: ({ local }) => local,
    gateOf: () => undefined,
    note: () => undefined,
    contradictions: () => [],
    deployed: () => undefined,
    whenRoom: () => undefined,
    elsewhere: 0,
    privateTopics: [],
    waitsFor: () => undefined,
    linksFor,
  };
}

/** Links to one peer, without what it says and hears. */
export function peerLinks(terms: Partial<Terms>): Omit<Links, 'isLinked' | 'send' | 'fault'> {
  return {
    ...NO_LINKS,
    refusal: (provider) => (provider === PEER ? undefined : `there is no provider "${provider}"`),
    leaseMs: () => LEASE_MS,
    prospects: () => ({ isForHere: false, expectedFuel: 0, ...terms }),
  };
}

/** Has something done when a message may be said, which is when what it is about is kept: never, if it is not. */
export function whenKept({ kept }: MigrationMessage, say: () => void): void {
  if (kept === undefined) setImmediate(say);
  else
    kept.then(
      () => setImmediate(say),
      () => undefined,
    );
}
