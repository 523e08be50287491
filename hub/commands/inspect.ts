import { asking, printJson, type AskOptions, type Output } from './asking.js';

/** `sterna inspect TASK`: all that a running hub knows of a task. */
export function inspectCommand(task: string, options: AskOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    const path = `/v1/tasks/${encodeURIComponent(task)}`;
    const [status, resumability] = [await client.get(path), await client.get(`${path}/resumability`)];
    const answer = typeof status === 'object' ? { ...status, resumability } : status;
    if (options.json) printJson(out, answer);
    else out.write(`${JSON.stringify(answer, undefined, 2)}\n`);
    return 0;
  });
}
