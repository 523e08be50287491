/** Tasks that can be made to hang in a host call, and what tests of suspects ask of them. */
import { builtTask, type BuiltTask } from '../runtime/built-task.js';
import type { Run } from '../runtime/started-runtime.js';

export const probe = await builtTask('test/fixtures/guests/probe');
/** The same program as another task: under another limit its key is another. */
export const neighbour: BuiltTask = {
  ...probe,
  manifest: { ...probe.manifest, limits: { ...probe.manifest.limits, memoryBytes: 8 * 1024 * 1024 } },
};

export const look = (run: Run, key: string) => run({ captures: { what: 'count' }, payload: key });
/** Waits in a host call for somebody to look at key 9, which nobody does, for longer than the watchdog waits. */
export const hang = (run: Run) => run({ captures: { what: 'count' }, payload: '1 9', limits: { deadlineMs: 100 } });
export const spin = { captures: { what: 'spin' }, payload: '1', limits: { fuel: 1e15, deadlineMs: 60_000 } };

export const LOST = { kind: 'trapped', reason: 'thread-lost' };

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
