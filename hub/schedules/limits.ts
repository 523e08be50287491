/** Bounds of timers, each with its reason. */
export const SCHEDULE_BOUNDS = {
  /** A look at the machine's clock while a timer waits: setting it, or a machine that slept, tells nobody. */
  clockLookMs: 30_000,
  /** A firing that is later than that was missed. Above `clockLookMs`, and above the start of a hub at the wrong moment. */
  lateFiringMs: 60_000,
  /**
   * Firings of a timer that are caught up on, the newest: those of a night at one a minute. Finding them takes some
   * 70 us each.
   */
  caughtUpFirings: 500,
  /**
   * How far the machine's clock may be set back before cron goes by it again. Below, its moments are not lived through
   * twice; beyond, the clock was wrong before, as on a machine without a battery. As Vixie's cron has it.
   */
  clockSetBackMs: 3 * 3_600_000,
} as const;
