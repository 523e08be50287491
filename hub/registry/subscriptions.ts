import type { Subscription } from '../broker-link.js';
import type { Trigger } from '../manifest/index.js';

/**
 * What to subscribe to so that each trigger gets its events, each event once.
 *
 * A broker may deliver a message once for each subscription that matches
 * (MQTT 5, section 3.3.4; Mosquitto does), and each copy would be a run. So no
 * two filters of the answer match a common topic: those that do are replaced
 * by one that covers both, with the higher QoS. It may bring events that no
 * task asked for, which the registry then matches to none.
 */
export function subscriptionsFor(triggers: readonly Trigger[]): readonly Subscription[] {
  const disjoint: Subscription[] = [];
  for (const { pattern, qos } of triggers) {
    let next: Subscription = { filter: pattern.filter, qos };
    // Each join may overlap with others that neither of the two did.
    for (let i = overlapping(disjoint, next); i !== -1; i = overlapping(disjoint, next)) {
      const [other = next] = disjoint.splice(i, 1);
      next = { filter: joinFilters(other.filter, next.filter), qos: other.qos > next.qos ? other.qos : next.qos };
    }
    disjoint.push(next);
  }
  return disjoint;
}

function overlapping(subscriptions: readonly Subscription[], { filter }: Subscription): number {
  return subscriptions.findIndex((other) => filtersOverlap(other.filter, filter));
}

/** Whether some topic is matched by both filters. */
export function filtersOverlap(a: string, b: string): boolean {
  if ((reserved(a) && wildFirst(b)) || (reserved(b) && wildFirst(a))) return false;
  const aLevels = a.split('/');
  const bLevels = b.split('/');
  for (let i = 0; ; i++) {
    const [one, other] = [aLevels[i], bLevels[i]];
    // A last # matches what is above it too: "a/#" matches "a" (MQTT 3.1.1, section 4.7.1.2).
    if (one === '#' || other === '#') return true;
    if (one === undefined || other === undefined) return one === other;
    if (one !== other && one !== '+' && other !== '+') return false;
  }
}

/** The narrowest filter that covers two filters which overlap. */
export function joinFilters(a: string, b: string): string {
  const aLevels = a.split('/');
  const bLevels = b.split('/');
  const joined: string[] = [];
  for (let i = 0; i < Math.max(aLevels.length, bLevels.length); i++) {
    const [one, other] = [aLevels[i], bLevels[i]];
    if (one === '#' || other === '#') return [...joined, '#'].join('/');
    joined.push(one === other && one !== undefined ? one : '+');
  }
  return joined.join('/');
}

/** A wildcard in the first place does not match topics that begin with $ (MQTT 3.1.1, section 4.7.2). */
function wildFirst(filter: string): boolean {
  return filter.startsWith('+') || filter.startsWith('#');
}

function reserved(filter: string): boolean {
  return filter.startsWith('$');
}
