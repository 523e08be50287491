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
    else out.write(`${runId} ${whatFollows(to, executesOf(answer))}: sterna watch ${runId}\n`);
    return 0;
  });
}

function whatFollows(to: string | undefined, executes: unknown): string {
  if (to === undefined) return executes === 'hub' ? 'is here, and stays' : 'comes home';
  return executes === 'provider' ? `is at ${to}, and stays` : `moves to ${to}`;
}

function executesOf(answer: unknown): unknown {
  return typeof answer === 'object' && answer !== null && 'executes' in answer ? answer.executes : undefined;
}
