/** Cron lines: what they mean is the library's to know, daylight saving included. */
import { Cron } from 'croner';

/** Moments of time, in milliseconds since 1970 (UTC). */
export interface Moments {
  /** The first one after that; undefined when none comes. */
  next(afterMs: number): number | undefined;
  /** The newest ones up to that, and including it, at most that many; oldest first. */
  latest(upToMs: number, most: number): readonly number[];
}

/**
 * The moments of a cron line in a time zone.
 *
 * A line whose seconds, minutes and hours have no `*` and no step names times
 * of day, each of which comes once a day: one that the clocks leave out comes
 * when they go on, one that they repeat comes the first time. Any other line
 * names a rhythm, which goes on in real time, and leaves out what the clocks do.
 *
 * @param line One that `cronFault` has nothing against.
 * @param zone One that `zoneFault` has nothing against.
 */
export function cronMoments(line: string, zone: string): Moments {
  const cron = compiled(line, zone);
  return {
    next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime(),
    latest: (upToMs, most) =>
      cron
        // It wants the moment to look back from, which it leaves out; its moments are whole seconds.
        .previousRuns(most, new Date(Math.floor(upToMs / 1_000) * 1_000 + 1_000))
        .map((date) => date.getTime())
        .toReversed(),
  };
}

/** What is wrong with a cron line, or undefined. */
export function cronFault(line: string): string | undefined {
  const expected = 'must be a cron line of 5 fields (minute hour day month weekday), or of 6 with seconds before them';
  const fields = line.trim().split(/\s+/).length;
  // The library would also take dates and nicknames.
  if (fields !== 5 && fields !== 6) return `${expected}, such as "0 7 * * mon-fri"`;
  try {
    if (compiled(line, 'UTC').nextRun(new Date(0)) !== null) return undefined;
  } catch (error) {
    return `${expected}: ${reasonOf(error)}`;
  }
  return 'must come at some time: no day is like that';
}

/** What is wrong with the name of a time zone, or undefined. */
export function zoneFault(zone: string): string | undefined {
  try {
    // An offset such as "+02:00" has no daylight saving: it is not what somebody who names a zone means.
    if (/^[A-Za-z]/.test(zone) && new Intl.DateTimeFormat('en', { timeZone: zone }).format(0) !== '') return undefined;
  } catch {
    // A RangeError: said below.
  }
  return 'must be a time zone of the IANA database, such as "Europe/Berlin" or "UTC"';
}

function compiled(line: string, zone: string): Cron {
  return new Cron(line, { timezone: zone, paused: true, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard' });
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^CronPattern: /, '');
}
