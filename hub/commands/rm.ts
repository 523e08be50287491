import { removedOf } from '../api/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';

export interface RmOptions extends AskOptions {
  /** Empties the task's own bucket too. */
  readonly state: boolean;
}

/** `sterna rm TASK`: removes a task from a running hub. */
export function rmCommand(task: string, options: RmOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    const query = options.state ? '?state=purge' : '';
    const answer = await client.delete(`/v1/tasks/${encodeURIComponent(task)}${query}`);
    const { dropped, purgedKeys, warnings } = removedOf(answer);
    for (const warning of warnings) process.stderr.write(`sterna: ${warning}\n`);
    const purged = purgedKeys === undefined ? '' : `, ${purgedKeys} keys were removed`;
    if (options.json) printJson(out, answer);
    else out.write(`${task} is removed: ${dropped} waiting events were dropped${purged}\n`);
    return 0;
  });
}
