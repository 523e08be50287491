/** What a timer's event says when its manifest gives it no payload. Pure. */
import type { When } from '../manifest/index.js';

/**
 * `{"scheduled":"2026-11-22T07:00:00+01:00"}`: the moment for which the run is
 * meant, on the clock of the timer's zone, as a guest has no database of
 * zones. The run's own clock says when it began.
 */
export function scheduledPayload(scheduledMs: number, when: When, machineZone: string): Uint8Array {
  const zone = when.kind === 'cron' ? (when.zone ?? machineZone) : 'UTC';
  return Buffer.from(JSON.stringify({ scheduled: localTime(scheduledMs, zone) }));
}

/** ISO 8601, with the zone's offset at that moment. */
export function localTime(atMs: number, zone: string): string {
  const offsetMs = offsetOf(atMs, zone);
  const local = new Date(atMs + offsetMs).toISOString();
  const seconds = local.endsWith('.000Z') ? local.slice(0, -5) : local.slice(0, -1);
  if (offsetMs === 0) return `${seconds}Z`;
  const minutes = Math.abs(offsetMs) / 60_000;
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0'));
  return `${seconds}${offsetMs < 0 ? '-' : '+'}${hours}:${rest}`;
}

/** How far a zone's clocks are ahead of UTC. A whole number of minutes, since the 1970s everywhere. */
function offsetOf(atMs: number, zone: string): number {
  const format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
  const name = format.formatToParts(atMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours, minutes] = /^GMT([+-])(\d\d):(\d\d)/.exec(name) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
}
