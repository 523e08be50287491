/** How long a hub takes to start and to stop. All other bounds are in the `limits.ts` of their room. */
export const HUB_BOUNDS = {
  /** How long a start waits for the broker: one that is there answers within a second. The hub then goes on without it. */
  brokerMs: 5_000,
  /** How long a hub that was told to stop goes on with what it holds. Below the 90 s after which systemd kills. */
  drainMs: 10_000,
  /** How long it then waits for the threads, which may hold runs that are far from their deadline. */
  closeMs: 3_000,
} as const;
