import { recordOfJson } from '../records/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';
import { shownBytes } from './shown-bytes.js';
import { shownEffect } from './shown-effect.js';

/** `sterna run RUN`: all that is kept of a run that is over. Bytes are shown as text where they are. */
export function runCommand(runId: string, options: AskOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    const answer = await client.get(`/v1/records/${encodeURIComponent(runId)}`);
    if (options.json) printJson(out, answer);
    else out.write(`${JSON.stringify(readable(answer), undefined, 2)}\n`);
    return 0;
  });
}

function readable(answer: unknown): object {
  const record = recordOfJson(answer);
  return {
    ...record,
    event: { ...record.event, payload: shownBytes(record.event.payload) },
    effects: record.effects.map(shownEffect),
    reads: record.reads.map((read) => (read.value === undefined ? read : { ...read, value: shownBytes(read.value) })),
  };
}
