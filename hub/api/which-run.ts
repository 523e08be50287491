/** Whether a run goes on that somebody asks for by its id, and if not, what became of it. */
import type { CurrentRun, CurrentRuns } from '../parking/index.js';
import type { RunHistory } from '../records/index.js';
import { API_BOUNDS } from './limits.js';
import { fault } from './route.js';

export interface KnownRuns {
  readonly currentRuns: Pick<CurrentRuns, 'list'>;
  readonly view: { isWaiting(runId: string): boolean };
  readonly history: Pick<RunHistory, 'find'> | undefined;
}

export function currentRun({ currentRuns }: Pick<KnownRuns, 'currentRuns'>, run: string): CurrentRun | undefined {
  return currentRuns.list().find(({ runId }) => runId === run);
}

/** An answer that says why nothing can be done with a run; undefined when it has begun and is not over. */
export async function notCurrent(known: KnownRuns, run: string): Promise<Response | undefined> {
  if (currentRun(known, run) !== undefined) return undefined;
  if (known.view.isWaiting(run)) return fault(409, `the run "${run}" has not begun: "sterna queue" says what waits`);
  const record = run.length > API_BOUNDS.runIdLength ? undefined : await known.history?.find(run);
  if (record !== undefined) return fault(409, `the run "${run}" is over: "sterna run ${run}" has what is kept of it`);
  return fault(404, `there is no run "${run}": "sterna runs" lists those that go on, and those that ended last`);
}
