/** What another process uses, as Linux tells it. Other systems do not: there, the bounds on it are not kept. */
import { readFileSync } from 'node:fs';

export interface ProcessUsage {
  /** Memory that it holds in RAM. */
  readonly residentBytes: number;
  /** Processor time over all its threads. */
  readonly cpuMs: number;
}

/** The kernel counts in hundredths of a second for user programs, on every machine that Node runs on: USER_HZ. */
const MS_PER_TICK = 10;

/** @returns undefined when there is no such process, or no way to know. */
export function processUsage(pid: number): ProcessUsage | undefined {
  try {
    const resident = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name, in brackets, may hold spaces: fields are counted after it. proc(5): utime is 14, stime is 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (resident === undefined) return undefined; // it has ended and nobody has asked how
    return {
      residentBytes: Number(resident) * 1024,
      cpuMs: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK,
    };
  } catch {
    return undefined;
  }
}
