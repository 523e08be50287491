import { cronMoments, type Moments, type When } from '../manifest/index.js';

/**
 * The moments at which a timer fires.
 *
 * Those of `every` are whole multiples of it since 1970: they need no memory,
 * so that neither a restart nor a lost store moves them, and whoever reads
 * "5 min" knows that it is at 0, 5 and 10 minutes past the hour.
 *
 * @param machineZone For a cron line without a zone.
 */
export function momentsOf(when: When, machineZone: string): Moments {
  return when.kind === 'cron' ? cronMoments(when.line, when.zone ?? machineZone) : multiplesOf(when.everyMs);
}

/** Equal for equal moments: what makes a timer of a new version of a task the one that it was. */
export function ruleOf(when: When, machineZone: string): string {
  return when.kind === 'cron' ? `cron ${when.line} in ${when.zone ?? machineZone}` : `every ${when.everyMs} ms`;
}

function multiplesOf(everyMs: number): Moments {
  return {
    next: (afterMs) => (Math.floor(afterMs / everyMs) + 1) * everyMs,
    latest: (upToMs, most) => {
      const last = Math.floor(upToMs / everyMs);
      return Array.from({ length: most }, (_, i) => (last - most + 1 + i) * everyMs);
    },
  };
}
