import { runsOf, unrecordedOf, type RecentRun } from '../api/index.js';
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
    if (options.json) {
      printJson(out, answer);
      return 0;
    }
    const header = ['run', 'arrived', 'outcome', 'fuel', 'time', 'in all', 'topic'];
    for (const line of textTable(header, runsOf(answer).map(rowOf))) out.write(`${line}\n`);
    const unrecorded = unrecordedOf(answer);
    if (unrecorded > 0) out.write(`${unrecorded} runs of events at QoS 0 came too fast to be recorded\n`);
    return 0;
  });
}

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
