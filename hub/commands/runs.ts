import { runsOf, type RecentRun } from '../api/index.js';
import { durationText, fuelText, printable, textTable } from '../report/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';

export interface RunsOptions extends AskOptions {
  readonly task: string | undefined;
  readonly limit: number;
}

/** `sterna runs [TASK]`: the runs that ended last, the latest first. */
export function runsCommand(options: RunsOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    const query = new URLSearchParams({ limit: String(options.limit) });
    if (options.task !== undefined) query.set('task', options.task);
    const answer = await client.get(`/v1/runs?${query.toString()}`);
    if (options.json) {
      printJson(out, answer);
      return 0;
    }
    const header = ['run', 'arrived', 'outcome', 'fuel', 'time', 'in all', 'topic'];
    for (const line of textTable(header, runsOf(answer).map(rowOf))) out.write(`${line}\n`);
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
