const KiB = 1024;
const MiB = 1024 * KiB;

/** Bounds of events on their way in, each with the attack or accident that it stops. */
export const INTAKE_BOUNDS = {
  /** Payload of one event: 1 MiB with room for what a gateway wraps around it. A few of them cannot fill a small hub. */
  payloadBytes: 1 * MiB + 64 * KiB,
  /**
   * Events above QoS 0 that are unacknowledged, as there is no room for them or the disk has not confirmed them. Then
   * nothing more is read. A broker with a window of its own (Mosquitto: 20) never comes near; one without (aedes) is
   * stopped from filling the hub's memory. Beyond it comes no more than one event for each connection.
   */
  heldEvents: 5_000,
  /** Payloads of those events together; the last one may go beyond. */
  heldBytes: 32 * MiB,
  /**
   * How often what shaping remembers is kept, where something changed: what a kill may undo. Each time costs a write of up
   * to `SHAPING_BOUNDS.keptShapingBytes` for each trigger.
   */
  keepShapingMs: 10_000,
} as const;
