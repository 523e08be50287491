import {
  currentRunsOf,
  queueOf,
  runsOf,
  unrecordedOf,
  type CurrentRun,
  type QueueOfTask,
  type RecentRun,
} from '../api/index.js';
import { durationText, fuelText, printable, textTable } from '../report/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';
import { momentText, placeText, responsibleText } from './run-words.js';

export interface RunsOptions extends AskOptions {
  readonly task: string | undefined;
  readonly outcome: string | undefined;
  /** Those that ended within so much time before now. */
  readonly sinceMs: number | undefined;
  readonly limit: number;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
}

/** `sterna runs [TASK]`: the runs that ended last, the latest first. */
export function runsCommand(options: RunsOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    const query = new URLSearchParams({ limit: String(options.limit) });
    if (options.task !== undefined) query.set('task', options.task);
    if (options.outcome !== undefined) query.set('outcome', options.outcome);
    if (options.sinceMs !== undefined) query.set('since', String(options.clock() - options.sinceMs));
    const answer = await client.get(`/v1/runs?${query.toString()}`);
    const now = await client.get('/v1/current-runs');
    const waiting = queueOf(await client.get('/v1/queue')).filter(({ waitsFor }) => waitsFor !== undefined);
    if (options.json) {
      printJson(out, typeof answer === 'object' ? { ...answer, current: currentRunsOf(now), waiting } : answer);
      return 0;
    }
    printCurrent(currentRunsOf(now), options, out);
    printWaiting(waiting, options, out);
    const rows = runsOf(answer).map(rowOf);
    const header = ['run', 'arrived', 'outcome', 'fuel', 'time', 'in all', 'topic'];
    if (rows.length === 0) out.write('no such run is over\n');
    else for (const line of textTable(header, rows)) out.write(`${line}\n`);
    const unrecorded = unrecordedOf(answer);
    if (unrecorded > 0) out.write(`${unrecorded} runs of events at QoS 0 came too fast to be recorded\n`);
    return 0;
  });
}

/** Those that have begun and are not over; none where only those of an outcome were asked for. */
function printCurrent(all: readonly CurrentRun[], { task, outcome, clock }: RunsOptions, out: Output): void {
  const runs = outcome === undefined ? all.filter((run) => task === undefined || run.task === task) : [];
  if (runs.length === 0) return;
  const moving = runs.some((run) => run.moving !== undefined) ? MOVING : [];
  const header = ['run', 'now', ...moving, 'fuel so far', 'last point', 'topic'];
  const rows = runs.map((run) => currentRowOf(run, { nowMs: clock(), showsMoving: moving.length > 0 }));
  for (const line of textTable(header, rows)) out.write(`${line}\n`);
  out.write('\n');
}

/** Those that have not begun, as no provider takes them. */
function printWaiting(all: readonly QueueOfTask[], { task, outcome }: RunsOptions, out: Output): void {
  const tasks = outcome === undefined ? all.filter((one) => task === undefined || one.task === task) : [];
  for (const { waiting, waitsFor = '', oldestRun = '', oldestMs = 0 } of tasks) {
    const since = `${oldestRun} for ${durationText(oldestMs)}`;
    const which = waiting === 1 ? `1 run waits, ${since}` : `${waiting} runs wait, the first is ${since}`;
    out.write(`${which}: ${printable(waitsFor, 300)}\n`);
  }
  if (tasks.length > 0) out.write('\n');
}

/** Of runs that move. */
const MOVING = ['epoch', 'point', 'lag', 'mode', 'without the link'];

function currentRowOf(
  run: CurrentRun,
  { nowMs, showsMoving }: { readonly nowMs: number; readonly showsMoving: boolean },
): readonly string[] {
  const { runId, fuel, pointAtMs, topic } = run;
  return [
    runId,
    placeText(run),
    ...(showsMoving ? movingCells(run) : []),
    fuel === 0 ? '-' : fuelText(fuel),
    pointAtMs === undefined ? '-' : `${durationText(Math.max(0, nowMs - pointAtMs))} ago`,
    printable(topic, 60),
  ];
}

function movingCells({ moving, where, provider = '' }: CurrentRun): readonly string[] {
  if (moving === undefined) return MOVING.map(() => '');
  const { epoch, point, lag, mode, responsible } = moving;
  // See `sterna watch`.
  const ahead = where === 'provider' ? '-' : String(lag);
  return [String(epoch), String(point), ahead, mode, responsibleText(responsible, provider)];
}

function rowOf({ runId, arrivedAtMs, outcome, usage, totalMs, topic }: RecentRun): string[] {
  return [
    runId,
    momentText(arrivedAtMs),
    outcome.kind,
    fuelText(usage.fuel),
    durationText(usage.wallMs),
    durationText(totalMs),
    printable(topic, 60),
  ];
}
