/** Bounds of the driver of a run that moves. */
export const MIGRATION_BOUNDS = {
  /** Losses of the link that are remembered, to say how often it is lost: more do not say more. */
  lossesRemembered: 8,
  /** How far back a loss of the link counts, in milliseconds: what was an hour ago says little of the next minute. */
  lossesWithinMs: 600_000,
  /** How long a link that was never lost is taken to be lost when it is: as long as a router takes to start again. */
  outageMs: 10_000,
  /** How much longer than an outage what is left must take before a provider becomes responsible: outages vary. */
  outageMargin: 1.5,
  /** How much the latest measurement of the link counts in the mean: some ten points say how it is now. */
  recent: 0.1,
  /** A message of fewer bytes says nothing of how many fit through the link. */
  measuredBytes: 16 * 1024,
  /** The longest wait before a point is said again to a side that does not answer, as a multiple of the lease. */
  resendLeases: 8,
  /** Points that are refused in a row before the run is taken to have no link: who refuses is not asked for ever. */
  refusals: 3,
  /** Times that the hub says a point again, before the run is taken to have no link: a provider may live and not answer. */
  unanswered: 4,
  /** Characters of what the other side says why: people read it, and stubs and notes keep it, each its own. */
  whyLength: 512,
  /** Messages that wait for a disk: more than may be ahead. Each may have a checkpoint, and what is left out is said again. */
  messagesWaiting: 8,
  /** How much longer than the lease a side waits that takes over, as a multiple: clocks run differently. */
  leaseMargin: 1.25,
} as const;
