import { isRun, runsOf, type ApiClient, type RecentRun } from '../api/index.js';
import { printable } from '../report/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';

export interface LogsOptions extends AskOptions {
  readonly task: string | undefined;
  /** Goes on with what is logged from now on. */
  readonly follow: boolean;
}

const MESSAGE_WIDTH = 400;

/** `sterna logs [TASK]`: what tasks logged, and how runs ended that did not complete. */
export function logsCommand(options: LogsOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    const query = options.task === undefined ? '' : `?task=${encodeURIComponent(options.task)}`;
    if (options.follow) return follow(client, `/v1/runs/follow${query}`, options.json, out);
    const answer = await client.get(`/v1/runs${query}`);
    for (const run of runsOf(answer).toReversed()) print(run, options.json, out);
    return 0;
  });
}

async function follow(client: ApiClient, path: string, json: boolean, out: Output): Promise<number> {
  for await (const { event, data } of client.follow(path)) {
    if (event === 'run' && isRun(data)) print(data, json, out);
    if (event === 'lost')
      process.stderr.write(`sterna: some runs came faster than they were read: ${JSON.stringify(data)}\n`);
  }
  return 0;
}

function print(run: RecentRun, json: boolean, out: Output): void {
  if (json) {
    printJson(out, run);
    return;
  }
  const at = new Date(run.arrivedAtMs).toISOString();
  for (const { level, context, message } of run.log) {
    const where = context === '' ? run.task : `${run.task} ${printable(context, 60)}`;
    out.write(`${at} ${level.padEnd(8)} ${where}: ${printable(message, MESSAGE_WIDTH)}\n`);
  }
  if (run.droppedLogLines > 0)
    out.write(`${at} ${''.padEnd(8)} ${run.task}: ${run.droppedLogLines} more lines were dropped\n`);
  const { outcome } = run;
  if (outcome.kind === 'completed') return;
  const why = 'message' in outcome ? `: ${printable(outcome.message, MESSAGE_WIDTH)}` : '';
  out.write(`${at} ${outcome.kind.padEnd(8)} ${run.task} ${run.runId}${why}\n`);
}
