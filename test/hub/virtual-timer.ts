import type { Timer } from '../../hub/timer.js';

/** Time that passes when told to. */
export interface VirtualTimer extends Timer {
  /** Lets time pass, and everything happen that was to happen meanwhile, each at its moment. */
  pass(ms: number): void;
  /** Calls that are to come. */
  readonly pending: number;
}

export function virtualTimer(): VirtualTimer {
  let nowMs = 1_000;
  const calls = new Set<{ readonly atMs: number; readonly call: () => void }>();
  return {
    nowMs: () => nowMs,
    after: (ms, then) => {
      const call = { atMs: nowMs + ms, call: then };
      calls.add(call);
      return () => void calls.delete(call);
    },
    pass: (ms) => {
      const endMs = nowMs + ms;
      for (;;) {
        const [next] = [...calls].filter(({ atMs }) => atMs <= endMs).toSorted((a, b) => a.atMs - b.atMs);
        if (next === undefined) break;
        calls.delete(next);
        nowMs = next.atMs;
        next.call();
      }
      nowMs = endMs;
    },
    get pending() {
      return calls.size;
    },
  };
}
