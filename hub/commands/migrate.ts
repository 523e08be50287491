import { asking, printJson, type AskOptions, type Output } from './asking.js';

export interface MigrateOptions extends AskOptions {
  /** The provider's name; undefined for the hub. */
  readonly to: string | undefined;
}

/** `sterna migrate RUN --to NAME`, `sterna migrate RUN --home`: where a run executes from its next point on. */
export function migrateCommand(runId: string, options: MigrateOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    const { to, json } = options;
    const answer = await client.post(`/v1/current-runs/${encodeURIComponent(runId)}/migrate`, { to: to ?? null });
    if (json) printJson(out, answer);
    else out.write(`${runId} ${to === undefined ? 'comes home' : `moves to ${to}`}: sterna watch ${runId}\n`);
    return 0;
  });
}
