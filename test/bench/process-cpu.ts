import { readFileSync } from 'node:fs';

/** The kernel counts in hundredths of a second for user programs, on every machine that Node runs on: USER_HZ. */
const TICKS_PER_SECOND = 100;

/** Processor seconds that a process has used in all its threads. Linux only. */
export function processCpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The program's name, in brackets, may hold spaces: fields are counted after it. proc(5): utime is 14, stime is 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
