const KiB = 1024;

/** Every bound of the control API, each with what it stops. */
export const API_BOUNDS = {
  /** Body of a request: an event's payload in base64, and a little around it. */
  bodyBytes: 1_600 * KiB,
  /** Uploads of a task at once, each with a component of up to `RUNTIME_BOUNDS.componentBytes` on disk. */
  uploads: 2,
  /** Looks at the state at once: a thread each. */
  stateViews: 4,
  /** Keys in one answer. */
  listedKeys: 1_000,
  /** Connections at once: a person, a few scripts, a console. */
  connections: 64,
  /** How long a client may take for its request's head, and for all of it. */
  headMs: 5_000,
  requestMs: 30_000,
  /** Clients that follow what happens, at once. */
  followers: 16,
  /** Observations that wait for a client that reads slowly; what comes then is counted and left out. */
  followerBacklog: 1_024,
  /** Runs that are remembered, over all tasks. At about 1 KiB each, log lines included, 1 MiB. */
  recentRuns: 1_000,
  /** Log lines of a run that are remembered. */
  recentLogLines: 20,
  /** Characters of a remembered log line. */
  recentLogLength: 400,
  /** Characters of a run's id: an event's, and a task's name. */
  runIdLength: 512,
  /** Runs in one answer. */
  listedRuns: 1_000,
  /** Dead letters in one answer. */
  listedLetters: 2_000,
} as const;
