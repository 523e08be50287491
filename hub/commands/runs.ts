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
    const header = ['run', 'arrived', 'outcome', 'fuel', 'time', 'in all', 'topic'];
    for (const line of textTable(header, runsOf(answer).map(rowOf))) out.write(`${line}\n`);
    const unrecorded = unrecordedOf(answer);
    if (unrecorded > 0) out.write(`${unrecorded} runs of events at QoS 0 came too fast to be recorded\n`);
    return 0;
  });
}

/** Those that have begun and are not over; none where only those of an outcome were asked for. */
function printCurrent(all: readonly CurrentRun[], { task, outcome, clock }: RunsOptions, out: Output): void {
  const runs = outcome === undefined ? all.filter((run) => task === undefined || run.task === task) : [];
  if (runs.length === 0) return;
  const header = ['run', 'now', 'fuel so far', 'last point', 'topic'];
  for (const line of textTable(
    header,
    runs.map((run) => currentRowOf(run, clock())),
  ))
    out.write(`${line}\n`);
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

function currentRowOf(run: CurrentRun, nowMs: number): string[] {
  const { runId, fuel, pointAtMs, topic } = run;
  return [
    runId,
    placeOf(run),
    fuel === 0 ? '-' : fuelText(fuel),
    pointAtMs === undefined ? '-' : `${durationText(Math.max(0, nowMs - pointAtMs))} ago`,
    printable(topic, 60),
  ];
}

function placeOf({ where, provider, waitsFor, reason }: CurrentRun): string {
  if (waitsFor !== undefined) return `waits: ${printable(waitsFor, 300)}`;
  if (where === 'provider') return `${WHERE[where]} at ${provider ?? 'a provider'}`;
  return reason === undefined ? WHERE[where] : `${WHERE[where]} (${reason})`;
}

const WHERE: Readonly<Record<CurrentRun['where'], string>> = {
  thread: 'executes',
  'own-thread': 'executes on a thread of its own',
  waiting: 'waits for a thread',
  process: 'executes in a process of its own',
  memory: 'parked in memory',
  disk: 'parked on disk',
  provider: 'executes',
};

function rowOf({ runId, arrivedAtMs, outcome, usage, totalMs, topic }: RecentRun): string[] {
  return [
    runId,
    new Date(arrivedAtMs).toISOString(),
    outcome.kind,
    fuelText(usage.fuel),
    durationText(usage.wallMs),
    durationText(totalMs),
    printable(topic, 60),
  ];
}
