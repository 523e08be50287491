import { whereaboutsOf, type Whereabouts } from '../api/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';
import { linesOn } from './watch-lines.js';

export interface WatchOptions extends AskOptions {
  /** Resolves after a moment. */
  readonly moment: () => Promise<void>;
}

/** `sterna watch RUN`: where a run is, one line for each change, until it is over. */
export function watchCommand(runId: string, options: WatchOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    let before: Whereabouts | undefined;
    for (;;) {
      const now = whereaboutsOf(await client.get(`/v1/current-runs/${encodeURIComponent(runId)}/migration`));
      if (options.json && JSON.stringify(now) !== JSON.stringify(before)) printJson(out, now);
      if (!options.json) for (const line of linesOn(before, now)) out.write(`${line}\n`);
      if (now.isOver) return 0;
      before = now;
      await options.moment();
    }
  });
}
