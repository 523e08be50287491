import type { RunRequest } from '../../runtime/index.js';
import type { RemoteOutcome } from '../../provider/protocol/index.js';

/** What of an outcome cannot be right, whatever the run did; undefined when nothing is. Grants are checked at the commit. */
export function outcomeFault(
  { outcome, effects, usage, epoch }: RemoteOutcome,
  sent: { readonly request: RunRequest; readonly epoch: number },
): string | undefined {
  const { limits, grants } = sent.request;
  if (epoch !== sent.epoch) return `it is of epoch ${epoch}, and the run of ${sent.epoch}`;
  if (outcome.kind !== 'completed' && effects.length > 0) return `a run that ended as ${outcome.kind} has effects`;
  if (usage.fuel > limits.fuel) return `the run used ${usage.fuel} fuel, and may use ${limits.fuel}`;
  if (usage.outputBytes > limits.outputBytes) return `the run put out ${usage.outputBytes} bytes, above its limit`;
  let bytes = 0;
  for (const effect of effects) {
    if (effect.kind === 'publish') bytes += Buffer.byteLength(effect.topic) + effect.payload.length;
    else bytes += Buffer.byteLength(effect.key) + (effect.kind === 'set' ? effect.value.length : 0);
  }
  if (bytes > limits.outputBytes) return `its effects have ${bytes} bytes, above its limit of ${limits.outputBytes}`;
  if (effects.length > 0 && bytes > usage.outputBytes) return 'its effects have more bytes than it says it put out';
  if (Object.keys(grants.buckets).length === 0 && effects.some(({ kind }) => kind !== 'publish')) {
    return 'it writes state, and its task has no bucket';
  }
  return undefined;
}
