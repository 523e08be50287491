/** Every bound of the hub's side of a session, each with its reason. */
export const SESSION_BOUNDS = {
  /** Providers that a hub may know. */
  providers: 16,
  /** From the first byte to the welcome. */
  openMs: 10_000,
  /**
   * Between two attempts to connect, doubled from the least to the most, so that a provider that is gone costs little;
   * give or take a quarter, so that hubs do not come back all at once.
   */
  leastRetryMs: 200,
  mostRetryMs: 15_000,
  /** A session that lasted this long counts as one that works: the next attempt comes soon. */
  steadyMs: 5_000,
  /** How long after its deadline a run's answer may come: it waits its turn at the provider. Then it runs elsewhere. */
  answerMs: 30_000,
  /** How long the outcome of a run that was cancelled is waited for. */
  cancelMs: 1_000,
  /** What has been sent and not taken by the network: beyond, runs wait here, where they can still be run locally. */
  bufferedBytes: 4 * 1024 * 1024,
  /** How long what waits for the network to take some of it waits, before it is tried again. */
  fullMs: 5,
  /** Messages with state that are sent in one turn of the event loop. */
  stateMessages: 4,
  /**
   * Of the state that a provider has room for, the part below which a task comes back whose state was too much: all of it is
   * sent anew then, and one that hovers about the bound would be sent again and again.
   */
  stateAgain: 7 / 8,
  /** Runs that were given up and whose answer may still come: as many as fill the window, or so many, end the session. */
  abandoned: 4_096,
  /** Round trips that the median is taken of: one that is late is an accident, two of four are a link that has slowed. */
  roundTrips: 4,
} as const;
