import { readFile } from 'node:fs/promises';
import { invokedOf } from '../api/index.js';
import { bytesText, durationText, fuelText, printable } from '../report/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';
import { readable } from './shown-bytes.js';

export interface InvokeOptions extends AskOptions {
  readonly topic: string;
  readonly payload: string | undefined;
  /** A file that holds the payload. */
  readonly file: string | undefined;
}

const MESSAGE_WIDTH = 400;

/** `sterna invoke TASK`: runs a task for an event made up here. Answers with 0 if the run completed. */
export function invokeCommand(task: string, options: InvokeOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    const payload = options.file === undefined ? Buffer.from(options.payload ?? '') : await readFile(options.file);
    const body = { topic: options.topic, payload: payload.toString('base64') };
    const answer = await client.post(`/v1/tasks/${encodeURIComponent(task)}/invoke`, body);
    const invoked = invokedOf(answer);
    if (options.json) printJson(out, answer);
    else for (const line of linesOf(invoked)) out.write(`${line}\n`);
    return invoked.kind === 'ended' && invoked.run.outcome.kind === 'completed' ? 0 : 1;
  });
}

function linesOf(invoked: ReturnType<typeof invokedOf>): readonly string[] {
  if (invoked.kind === 'running') return [`${invoked.runId} goes on: sterna watch ${invoked.runId}`];
  const { run, effects } = invoked;
  const { outcome, usage, log, runId } = run;
  const why = 'message' in outcome ? `: ${printable(outcome.message, MESSAGE_WIDTH)}` : '';
  return [
    `${outcome.kind}${why}`,
    ...log.map(({ level, message }) => `${level}: ${printable(message, MESSAGE_WIDTH)}`),
    ...effects.map((effect) => JSON.stringify(readable(effect, 'payload', 'value'))),
    `fuel ${fuelText(usage.fuel)}, ${durationText(usage.wallMs)}, ${bytesText(usage.peakMemoryBytes)}: sterna run ${runId}`,
  ];
}
