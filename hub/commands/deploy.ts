import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { deployedOf } from '../api/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';
import { oneTask } from './one-task.js';

/** `sterna deploy DIR`: looks at a task here, for problems with their line, and deploys it to a running hub. */
export async function deployCommand(dir: string, options: AskOptions, out: Output): Promise<number> {
  const task = await oneTask(dir);
  if (!task.ok) {
    for (const problem of task.problems) process.stderr.write(`${problem}\n`);
    return 1;
  }
  return asking(options, async (client) => {
    const toml = await readFile(task.source);
    const sha256 = createHash('sha256').update(task.component).digest('hex');
    const query = new URLSearchParams({ manifestBytes: String(toml.length), sha256 });
    const answer = await client.upload(`/v1/tasks?${query.toString()}`, [toml, task.component]);
    const { task: name, version, replaced, moved, dropped, warnings } = deployedOf(answer);
    for (const warning of warnings) process.stderr.write(`sterna: ${warning}\n`);
    if (options.json) printJson(out, answer);
    else if (replaced === undefined) out.write(`${name} ${version} is deployed\n`);
    else
      out.write(
        `${name} ${version} is deployed in the place of ${replaced}: ${moved} waiting events are its own now, ${dropped} were dropped\n`,
      );
    return 0;
  });
}
