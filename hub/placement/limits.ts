/** Every bound of placement, each with its reason. */
export const PLACEMENT_BOUNDS = {
  /** Decisions that `sterna explain` finds: some hundred bytes each. */
  decisions: 4_096,
  /**
   * How often one run is executed at providers, where it may be executed here: each time it came home too late, as
   * others had written what it read, or did not come home. Here it takes less time.
   */
  remoteExecutions: 3,
  /** How much better the other side must be before a task's runs move there: less is noise. */
  betterBy: 0.25,
  /** And by how much time: what takes a tenth of a millisecond is not worth moving for. */
  betterByMs: 0.5,
  /** How long a side is kept after a move: so that it does not flap, and still moves within seconds. */
  dwellMs: 500,
  /** What was measured of the link counts for this long; then its round trips alone do. */
  measuredForMs: 5_000,
  /** How long the speed of a side counts: then it is tried again, if that may pay. Others may have come or gone. */
  speedForMs: 30_000,
  /**
   * How much longer than expected a provider may take for a run before it is executed here as well, and the least that this
   * is: a prediction of a short run says little of a second more or less.
   */
  lateFactor: 8,
  lateMs: 5_000,
  /** The same where it is not known how fast it executes runs of the task. */
  lateUnknownMs: 30_000,
  /** When it is looked again whether a thread is idle for one that is late. */
  lateAgainMs: 1_000,
  /** How long a task stays here once a provider was late with it: it may hang, and still beat. */
  lateForMs: 30_000,
  /** How long a task stays here once a run of it came to a limit that a provider has lowered: it was executed twice. */
  cappedForMs: 60_000,
  /** Bytes per millisecond of a link that has not been measured: 10 MB/s. */
  bytesPerMs: 10_000,
  /** Fuel per millisecond of a side that has not been measured: about what a small board does. */
  fuelPerMs: 1_000_000,
  /**
   * From how long on, in milliseconds at the provider, a run begins there as one that moves: it comes to a second point,
   * and what a stub of it costs is little of it. One that is lost before is begun anew in less time than its loss is known.
   */
  longMs: 2_000,
  /** What a run has taken, about, that is worth moving: its speed is that of such runs. */
  longFuel: 10_000_000_000,
  /** How long runs wait before the log has it that no provider takes them: sessions open, and come back, within seconds. */
  tellWaitMs: 10_000,
} as const;
