import type { Grants } from '../../runtime/index.js';
import type { HubMessage } from '../../provider/protocol/index.js';
import { SESSION_BOUNDS } from './limits.js';
import type { StateFeed } from './state-feed.js';

export interface SendStateParts {
  readonly feed: Pick<StateFeed, 'hasNews' | 'take'>;
  /** What was sent and is not yet with the network. */
  readonly bufferedBytes: () => number;
  readonly send: (message: Extract<HubMessage, { type: 'state' }>) => void;
}

/** Sends what of the state has changed, as much as may go in one turn of the event loop. @returns whether that was all. */
export function sendState({ feed, bufferedBytes, send }: SendStateParts): boolean {
  for (let pieces = 0; feed.hasNews; pieces++) {
    if (pieces === SESSION_BOUNDS.stateMessages || bufferedBytes() > SESSION_BOUNDS.bufferedBytes) return false;
    const piece = feed.take();
    if (piece !== undefined) send({ type: 'state', ...piece });
  }
  return true;
}

/** Whether a run may read state, which is to be where it executes. */
export function readsState({ buckets }: Pick<Grants, 'buckets'>): boolean {
  return Object.keys(buckets).length > 0;
}
