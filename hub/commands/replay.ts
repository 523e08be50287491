import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRuntime } from '../../runtime/index.js';
import { recordOfJson, replay, type Replayed } from '../records/index.js';
import { printable } from '../report/index.js';
import type { StoredRecord } from '../store/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';

const SHOWN_LENGTH = 400;

/**
 * `sterna replay RUN`: executes a recorded run again, here and not in the hub, and compares. Answers with 0 when both
 * are identical.
 */
export function replayCommand(runId: string, options: AskOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    const record = recordOfJson(await client.get(`/v1/records/${encodeURIComponent(runId)}`));
    if (record.notReplayable !== undefined) {
      process.stderr.write(`sterna: the run cannot be executed again: ${record.notReplayable}\n`);
      return 1;
    }
    const component = await client.bytes(`/v1/components/${record.task.component}`);
    const cacheDir = await mkdtemp(join(tmpdir(), 'sterna-replay-'));
    try {
      const replayed = await replay(record, { startRuntime: createRuntime, component, cacheDir });
      print(record, replayed, options.json, out);
      return replayed.differences.length === 0 ? 0 : 1;
    } finally {
      await rm(cacheDir, { recursive: true, force: true });
    }
  });
}

function print(record: StoredRecord, { result, differences, notes }: Replayed, json: boolean, out: Output): void {
  const { runId, task } = record;
  const identical = differences.length === 0;
  if (json) {
    const { outcome, usage } = result;
    const version = task.version;
    printJson(out, { runId, task: task.name, version, identical, differences, notes, outcome, fuel: usage.fuel });
    return;
  }
  out.write(`${runId} of ${task.name} ${task.version}: ${identical ? 'identical' : 'DIFFERENT'}\n`);
  if (identical) {
    const { effects, log, usage, outcome } = result;
    out.write(`${outcome.kind}, ${effects.length} effects, ${log.length} lines of log, ${usage.fuel} fuel\n`);
  }
  for (const { what, recorded, replayed } of differences) {
    out.write(`${what}: was ${printable(recorded, SHOWN_LENGTH)}\n`);
    out.write(`${' '.repeat(what.length)}   is ${printable(replayed, SHOWN_LENGTH)}\n`);
  }
  for (const note of notes) out.write(`note: ${note}\n`);
}
