import type { MigrationMessage } from '../../../provider/protocol/migration/index.js';

/** What a side has said to hold, or to have come to, it has, whatever happens to it: what of its words says otherwise. */
export function wentBack(said: readonly MigrationMessage['message'][]): readonly string[] {
  let [epoch, point] = [0, 0];
  for (const message of said) {
    if (message.type === 'nothing' && epoch > 0) return [`it knows nothing of epoch ${epoch} any more`];
    if (message.type !== 'point' && message.type !== 'held') continue;
    if (message.epoch < epoch || (message.epoch === epoch && message.point < point)) {
      return [`it said point ${message.point} of epoch ${message.epoch} after ${point} of ${epoch}`];
    }
    [epoch, point] = [message.epoch, message.point];
  }
  return [];
}
