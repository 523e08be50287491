/** In what two executions of a run differ. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { Effect, LogLine, Outcome, RunResult } from '../../runtime/index.js';
import type { RunRecord } from '../store/index.js';

export interface Difference {
  readonly what: 'outcome' | 'effects' | 'log' | 'fuel';
  /** For people. */
  readonly recorded: string;
  readonly replayed: string;
}

/**
 * Of a run that its deadline or the hub stopped, neither outcome nor effects are compared: when the clock stops a run is
 * an accident. It is executed again up to the fuel at which that happened, and must have logged the same by then.
 */
export function wasStoppedByClock({ outcome, executed = outcome }: RunRecord): boolean {
  return executed.kind === 'deadline' || outcome.kind === 'cancelled';
}

/** The fuel limit under which a run ends where the recorded one did. */
export function fuelLimitOf(record: RunRecord): number {
  // It was seen that it had used so much: with a limit of one less, the same look is the first beyond it.
  return wasStoppedByClock(record) ? record.usage.fuel - 1 : record.task.limits.fuel;
}

export function differences(record: RunRecord, result: RunResult): readonly Difference[] {
  const found: Difference[] = [];
  const byClock = wasStoppedByClock(record);
  const outcome = byClock ? { kind: 'out-of-fuel' as const } : (record.executed ?? record.outcome);
  if (!isDeepStrictEqual(outcome, result.outcome)) {
    const recorded = byClock ? outcomeText(record.outcome) : outcomeText(outcome);
    found.push({ what: 'outcome', recorded, replayed: outcomeText(result.outcome) });
  }
  const fuel = byClock ? fuelLimitOf(record) : record.usage.fuel;
  if (fuel !== result.usage.fuel) {
    found.push({ what: 'fuel', recorded: String(fuel), replayed: String(result.usage.fuel) });
  }
  // Of a run whose effects the hub refused none are kept.
  if (record.executed === undefined && !byClock) {
    const effects = firstDifference(record.effects, result.effects, effectText);
    if (effects !== undefined) found.push({ what: 'effects', ...effects });
  }
  const log = firstDifference(record.log, result.log, lineText);
  if (log !== undefined) found.push({ what: 'log', ...log });
  else if (record.droppedLogLines !== result.droppedLogLines) {
    const [recorded, replayed] = [record, result].map(({ droppedLogLines }) => `${droppedLogLines} lines dropped`);
    found.push({ what: 'log', recorded: recorded ?? '', replayed: replayed ?? '' });
  }
  return found;
}

function firstDifference<Item>(
  recorded: readonly Item[],
  replayed: readonly Item[],
  textOf: (item: Item) => string,
): Pick<Difference, 'recorded' | 'replayed'> | undefined {
  const [before, now] = [recorded.map(textOf), replayed.map(textOf)];
  const most = Math.max(before.length, now.length);
  for (let i = 0; i < most; i++) {
    if (before[i] === now[i]) continue;
    const place = `${i + 1} of ${most}`;
    return { recorded: `${place}: ${before[i] ?? 'nothing'}`, replayed: `${place}: ${now[i] ?? 'nothing'}` };
  }
  return undefined;
}

function outcomeText(outcome: Outcome): string {
  if (outcome.kind === 'trapped') return `trapped, ${outcome.reason}: ${outcome.message}`;
  return 'message' in outcome ? `${outcome.kind}: ${outcome.message}` : outcome.kind;
}

function effectText(effect: Effect): string {
  switch (effect.kind) {
    case 'publish':
      return `publish ${effect.topic} QoS ${effect.qos}${effect.retain ? ' retained' : ''} ${bytesText(effect.payload)}`;
    case 'set':
      return `set ${effect.bucket} "${effect.key}" ${bytesText(effect.value)}`;
    case 'delete':
      return `delete ${effect.bucket} "${effect.key}"`;
  }
}

function lineText({ level, context, message }: LogLine): string {
  return `${level} ${context}: ${message}`;
}

/** Whole: it is compared as well. Bytes that are no text would come out alike. */
function bytesText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  return Buffer.from(text).equals(buffer) ? text : `0x${buffer.toString('hex')}`;
}
