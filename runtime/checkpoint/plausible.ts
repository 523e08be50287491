/**
 * What a run can have done under its own limits and grants. A checkpoint that
 * says more was not made by a run: effects are taken over as they are, so that
 * nobody else would notice.
 */
import { mayPublish } from '../grants.js';
import { RUNTIME_BOUNDS } from '../limits.js';
import type { Bytes, Effect } from '../task.js';
import { topicFault } from '../topic.js';
import type { Checkpoint } from './checkpoint.js';
import { CheckpointFault } from './format.js';

type Done = Pick<Checkpoint, 'request' | 'used' | 'collected'>;

/** @throws CheckpointFault naming the first thing that its limits and grants do not allow, or that does not add up. */
export function refuseImplausible(checkpoint: Done): void {
  const fault = amountFault(checkpoint) ?? effectFault(checkpoint) ?? bucketFault(checkpoint);
  if (fault !== undefined) throw new CheckpointFault(fault);
}

function amountFault({ request: { limits }, used, collected }: Done): string | undefined {
  if (used.fuel > limits.fuel) return `it has used ${used.fuel} fuel, more than its limit of ${limits.fuel}`;
  const { outputBytes, logBytes } = collected;
  const output = sum(collected.effects, effectBytes);
  if (outputBytes !== output) return `its effects have ${output} bytes, and not ${outputBytes} as it says`;
  if (output > limits.outputBytes) {
    return `its effects have ${output} bytes, more than its limit of ${limits.outputBytes}`;
  }
  const log = sum(collected.log, ({ context, message }) => Buffer.byteLength(context) + Buffer.byteLength(message));
  if (logBytes !== log) return `its log has ${log} bytes, and not ${logBytes} as it says`;
  if (log > limits.logBytes) return `its log has ${log} bytes, more than its limit of ${limits.logBytes}`;
  const { droppedLogLines } = collected;
  const most = RUNTIME_BOUNDS.droppedLogLines;
  if (droppedLogLines > most) return `it left out ${droppedLogLines} lines of its log, and at most ${most} are counted`;
  return undefined;
}

function effectFault({ request: { grants }, collected }: Done): string | undefined {
  const buckets = Object.values(grants.buckets);
  const writable = new Set(buckets.flatMap(({ id, access }) => (access === 'read-write' ? id : [])));
  for (const effect of collected.effects) {
    if (effect.kind !== 'publish') {
      if (!writable.has(effect.bucket)) return `it writes to "${effect.bucket}", which is not granted`;
    } else if (topicFault(effect.topic) !== undefined || !mayPublish(grants, effect.topic)) {
      return `it publishes to "${effect.topic}", which is not granted`;
    }
  }
  return undefined;
}

function bucketFault({ request: { grants }, collected }: Done): string | undefined {
  const granted = new Set(Object.values(grants.buckets).map(({ id }) => id));
  const { reads, listed, pages, cursors } = collected;
  const named = [...[...reads, ...listed, ...pages].map(({ bucket }) => bucket), ...cursors.map(([bucket]) => bucket)];
  const other = named.find((bucket) => !granted.has(bucket));
  return other === undefined ? undefined : `it has read "${other}", which is not granted`;
}

/** What counts towards the output limit. */
function effectBytes(effect: Effect): Bytes {
  switch (effect.kind) {
    case 'publish':
      return Buffer.byteLength(effect.topic) + effect.payload.length;
    case 'set':
      return Buffer.byteLength(effect.key) + effect.value.length;
    case 'delete':
      return Buffer.byteLength(effect.key);
  }
}

function sum<Item>(items: readonly Item[], bytes: (item: Item) => Bytes): Bytes {
  return items.reduce((total, item) => total + bytes(item), 0);
}
