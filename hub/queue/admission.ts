import type { QoS } from '../../runtime/index.js';
import { QUEUE_BOUNDS } from './limits.js';

/** How much the hub holds. */
export interface Load {
  /** Runs that wait or run. */
  readonly runs: number;
  /** Bytes of their payloads. */
  readonly bytes: number;
  /** Events that are kept unacknowledged until there is room in the hub. */
  readonly waitForRoom: number;
}

export type Admission = 'accept' | 'hold' | 'refuse';

/**
 * Whether an event that wakes `runs` tasks is taken.
 *
 * Above QoS 0 an event without room is held, unacknowledged, behind those that
 * are held already, and it is for reading to stop before they are too many; at
 * QoS 0 the broker would never know, so it is refused.
 */
export function admit(
  load: Load,
  event: { readonly runs: number; readonly bytes: number; readonly qos: QoS },
): Admission {
  // Those held have waited longer; a newcomer does not overtake them.
  if (hasRoom(load, event) && (event.qos === 0 || load.waitForRoom === 0)) return 'accept';
  return event.qos === 0 ? 'refuse' : 'hold';
}

/** Whether an event's runs fit. An idle hub takes any event, so that none can block the others for ever. */
export function hasRoom(load: Load, event: { readonly runs: number; readonly bytes: number }): boolean {
  if (load.runs === 0) return true;
  if (load.runs + event.runs > QUEUE_BOUNDS.queuedRuns) return false;
  return load.bytes + event.runs * event.bytes <= QUEUE_BOUNDS.queuedBytes;
}
