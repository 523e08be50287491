/** What a run's end means. Pure. */
import type { Outcome, TrapReason } from '../task.js';
import type { Stop } from './gauge.js';

/** How the call into the guest ended. */
export type Ending =
  | { readonly type: 'returned' }
  /** The guest returned an error. */
  | { readonly type: 'error'; readonly message: string }
  | { readonly type: 'threw'; readonly error: unknown };

export interface Circumstances {
  readonly ending: Ending;
  readonly stopped: Stop | undefined;
  /** An outcome that stands whatever the guest did: denied, or over the output limit. */
  readonly verdict: Outcome | undefined;
  readonly overFuel: boolean;
  readonly memoryRefused: boolean;
  /** How the guest broke the canonical ABI, if it did. */
  readonly abiFault: string | undefined;
}

/** The first cause counts: what stopped the guest explains how it ended. */
export function outcomeOf({ ending, stopped, verdict, overFuel, memoryRefused, abiFault }: Circumstances): Outcome {
  if (stopped === 'cancelled') return { kind: 'cancelled' };
  if (stopped === 'deadline') return { kind: 'deadline' };
  if (verdict !== undefined) return verdict;
  if (overFuel || stopped === 'fuel') return { kind: 'out-of-fuel' };
  if (abiFault !== undefined) return { kind: 'trapped', reason: 'abi', message: abiFault };
  if (stopped === 'depth') return { kind: 'trapped', reason: 'call-depth', message: TOO_DEEP };
  switch (ending.type) {
    case 'returned':
      return { kind: 'completed' };
    case 'error':
      return { kind: 'failed', message: ending.message };
    case 'threw':
      if (memoryRefused) return { kind: 'out-of-memory' };
      return { kind: 'trapped', ...trapOf(ending.error) };
  }
}

/** Whether the fuel counter was lost: a trap that the engine raised, and not one that the code asked for. */
export function losesCounter(ending: Ending): boolean {
  if (ending.type !== 'threw') return false;
  const { error } = ending;
  if (error instanceof WebAssembly.RuntimeError) return !error.message.includes('unreachable');
  return error instanceof RangeError;
}

const TOO_DEEP = 'calls nest deeper than is allowed';

const TRAPS: readonly (readonly [RegExp, TrapReason])[] = [
  [/unreachable/, 'unreachable'],
  [/memory access out of bounds|data segment/, 'memory-out-of-bounds'],
  [/table (index|access)|element segment/, 'table-out-of-bounds'],
  [/null function|signature mismatch|indirect call/, 'indirect-call'],
  [/divi(de|sion)|remainder|unrepresentable|integer overflow/, 'arithmetic'],
];

/** V8's words for a trap: its messages are in src/common/message-template.h. */
function trapOf(error: unknown): { reason: TrapReason; message: string } {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof WebAssembly.RuntimeError) {
    const reason = TRAPS.find(([pattern]) => pattern.test(message))?.[1] ?? 'abi';
    return { reason, message };
  }
  if (error instanceof RangeError && message.startsWith('Maximum call stack size')) {
    return { reason: 'call-depth', message: TOO_DEEP };
  }
  if (error instanceof WebAssembly.Exception)
    return { reason: 'exception', message: 'an exception that nothing caught' };
  return { reason: 'abi', message };
}
