/** Bounds and defaults of the simulator, with their reasons. */
export const SIM_LIMITS = {
  /** A block of flats; each room is six devices. */
  rooms: { least: 1, most: 500, byDefault: 4 },
  /** Simulated seconds per second: from slow motion to three hours per second. */
  speed: { least: 0.01, most: 10_000, byDefault: 60 },
  seed: { least: 0, most: Number.MAX_SAFE_INTEGER, byDefault: 1 },
  /** Messages sent and not yet acknowledged; beyond it simulated time waits for the broker. */
  inFlight: 256,
  /** Messages made in one go before the network gets its turn. */
  burst: 256,
  /** A command's payload: larger ones are no commands of any light or radiator. */
  commandBytes: 4_096,
  /** Latencies kept for the quantiles. */
  latencies: 100_000,
  /** Topics that are told apart in the report. */
  reportedTopics: 20,
  connectMs: 10_000,
  /** The longest pause between two looks at the clock and the stop signal. */
  napMs: 250,
  /** At the end: how long nothing must have come back, and how long to wait for that at most. */
  quietMs: 300,
  settleMs: 3_000,
  /** One message per rogue task in this time: each is stopped now and then, and the others still get most of the machine. */
  pokeMs: 2_000,
} as const;

/** When simulated time begins: a winter morning, with heating to do and people getting up. */
export const START_MS = Date.UTC(2026, 0, 15, 6, 30);
