/** The bound of what is asked of a running hub. */
export const CONTROL_BOUNDS = {
  /** How long the end of an invocation is waited for; the run goes on. */
  invokeMs: 60_000,
} as const;
