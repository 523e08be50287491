/**
 * Rogue: peek. Opens a bucket and publishes to a topic, neither of which it
 * was granted, and goes on as if nothing had happened; ends as denied.
 */
import { Event, lastError, log, publishText, state } from "sterna";

export function onEvent(event: Event): void {
  const secret = state.open("vault").getText("pin");
  if (secret === null) log.warn(lastError());
  if (!publishText("zigbee2mqtt/front-door/lock/set", '{"state":"UNLOCK"}')) log.warn(lastError());
}
