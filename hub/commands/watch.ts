import { ApiError, whereaboutsOf, type ApiClient, type Whereabouts } from '../api/index.js';
import { recordOfJson } from '../records/index.js';
import { fuelText } from '../report/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';
import { WatchLines } from './watch-lines.js';

export interface WatchOptions extends AskOptions {
  /** Ends after the first look. */
  readonly once: boolean;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  /** Resolves after a moment. */
  readonly moment: () => Promise<void>;
}

/** `sterna watch RUN`: where a run is and how it came there, with each change, until it is over. */
export function watchCommand(runId: string, options: WatchOptions, out: Output): Promise<number> {
  const { json, once, clock, moment } = options;
  return asking(options, async (client) => {
    const said = new WatchLines();
    let before = '';
    for (;;) {
      const now = await whereabouts(client, runId);
      if (json && JSON.stringify(now) !== before) printJson(out, now);
      before = JSON.stringify(now);
      if (!json) for (const line of said.next(now, clock())) out.write(`${line}\n`);
      if (now.isOver && !json) out.write(`${runId} is over${await howItEnded(client, runId)}: sterna run ${runId}\n`);
      if (now.isOver || once) return 0;
      await moment();
    }
  });
}

async function whereabouts(client: ApiClient, runId: string): Promise<Whereabouts> {
  return whereaboutsOf(await client.get(`/v1/current-runs/${encodeURIComponent(runId)}/migration`));
}

/** Nothing where no record is kept. */
async function howItEnded(client: ApiClient, runId: string): Promise<string> {
  try {
    const { outcome, usage } = recordOfJson(await client.get(`/v1/records/${encodeURIComponent(runId)}`));
    return `, ${outcome.kind} after fuel ${fuelText(usage.fuel)}`;
  } catch (error) {
    if (error instanceof ApiError) return '';
    throw error;
  }
}
