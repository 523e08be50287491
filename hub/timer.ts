/** Time that only goes forward, and calls at a later moment of it: setting the machine's clock changes neither. */
export interface Timer {
  /** Milliseconds since some moment; never less than before. */
  nowMs(): number;
  /** Calls once, not before that long. @returns what takes it back. */
  after(ms: number, then: () => void): () => void;
}

export const monotonicTimer: Timer = {
  nowMs: () => performance.now(),
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};
