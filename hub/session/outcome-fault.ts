import type { Bytes, RunRequest, RunResult } from '../../runtime/index.js';
import type { RemoteOutcome } from '../../provider/protocol/index.js';
import { decideCommit } from '../commit.js';

/** Also of a run that moved, which has no number. */
type Answer = Omit<RunResult, 'runId' | 'where'> & Pick<RemoteOutcome, 'epoch'>;

interface Sent {
  readonly request: RunRequest;
  readonly epoch: number;
}

/**
 * What of an outcome cannot be right, whatever the run did; undefined when nothing is. Each is what the runtime at the
 * provider stops, so that it is the provider's fault and not the task's: the run is executed elsewhere.
 */
export function outcomeFault(answer: Answer, { request, epoch }: Sent): string | undefined {
  const { outcome, effects } = answer;
  if (answer.epoch !== epoch) return `it is of epoch ${answer.epoch}, and the run of ${epoch}`;
  if (outcome.kind !== 'completed' && effects.length > 0) return `a run that ended as ${outcome.kind} has effects`;
  return amountFault(answer, request) ?? bucketFault(answer, request) ?? effectFault(answer, request);
}

function amountFault({ effects, log, usage }: Answer, { limits }: RunRequest): string | undefined {
  const { fuel, outputBytes, logBytes } = usage;
  if (fuel > limits.fuel) return `the run used ${fuel} fuel, and may use ${limits.fuel}`;
  if (outputBytes > limits.outputBytes) return `the run put out ${outputBytes} bytes, above its limit`;
  if (logBytes > limits.logBytes) return `the run logged ${logBytes} bytes, and may log ${limits.logBytes}`;
  let bytes: Bytes = 0;
  for (const effect of effects) {
    if (effect.kind === 'publish') bytes += Buffer.byteLength(effect.topic) + effect.payload.length;
    else bytes += Buffer.byteLength(effect.key) + (effect.kind === 'set' ? effect.value.length : 0);
  }
  if (bytes > outputBytes) return `its effects have ${bytes} bytes, more than it says it put out`;
  let lines: Bytes = 0;
  for (const { context, message } of log) lines += Buffer.byteLength(context) + Buffer.byteLength(message);
  if (lines > logBytes) return `its log has ${lines} bytes, more than it says it logged`;
  return undefined;
}

function bucketFault({ reads, listed = [], pages = [] }: Answer, { grants }: RunRequest): string | undefined {
  const granted = new Set(Object.values(grants.buckets).map(({ id }) => id));
  const other = [...reads, ...listed, ...pages].find(({ bucket }) => !granted.has(bucket));
  return other && `it read the bucket ${other.bucket}, which [grants] buckets does not name`;
}

function effectFault(answer: Answer, { runId, grants }: RunRequest): string | undefined {
  const decision = decideCommit({ ...answer, runId }, grants);
  return decision.ok ? undefined : decision.fault;
}
