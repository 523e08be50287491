import { readFile } from 'node:fs/promises';
import { asking, printJson, type AskOptions, type Output } from './asking.js';

export interface InvokeOptions extends AskOptions {
  readonly topic: string;
  readonly payload: string | undefined;
  /** A file that holds the payload. */
  readonly file: string | undefined;
}

/** `sterna invoke TASK`: runs a task for an event made up here. Answers with 0 if the run completed. */
export function invokeCommand(task: string, options: InvokeOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    const payload = options.file === undefined ? Buffer.from(options.payload ?? '') : await readFile(options.file);
    const body = { topic: options.topic, payload: payload.toString('base64') };
    const answer = await client.post(`/v1/tasks/${encodeURIComponent(task)}/invoke`, body);
    if (options.json) printJson(out, answer);
    else out.write(`${JSON.stringify(answer, undefined, 2)}\n`);
    return outcomeOf(answer) === 'completed' ? 0 : 1;
  });
}

function outcomeOf(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || !('run' in answer)) return undefined;
  const { run } = answer;
  if (typeof run !== 'object' || run === null || !('outcome' in run)) return undefined;
  const { outcome } = run;
  return typeof outcome === 'object' && outcome !== null && 'kind' in outcome ? outcome.kind : undefined;
}
