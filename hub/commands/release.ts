import { asking, printJson, type AskOptions, type Output } from './asking.js';

/** `sterna release TASK`: lets a task that is quarantined go on. */
export function releaseCommand(task: string, options: AskOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    const answer = await client.post(`/v1/tasks/${encodeURIComponent(task)}/release`, {});
    const was = typeof answer === 'object' && answer !== null && 'released' in answer && answer.released === true;
    if (options.json) printJson(out, answer);
    else out.write(was ? `${task} goes on\n` : `${task} was not quarantined\n`);
    return 0;
  });
}
