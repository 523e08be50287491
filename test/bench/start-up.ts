/** A hub that starts on nothing, and on 100,000 events that wait for their runs. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { leaveBacklog } from '../e2e/backlog.js';
import { deployInto } from '../e2e/task-folders.js';
import type { Row } from './row.js';
import type { StartUpOrder, StartUpReport } from './start-up-process.js';

const EVENTS = 100_000;
const PROCESS = fileURLToPath(new URL('./start-up-process.js', import.meta.url));

export async function startUp(): Promise<Row[]> {
  const directory = await mkdtemp(path.join(tmpdir(), 'sterna-bench-start-'));
  try {
    const tasks = path.join(directory, 'tasks');
    await deployInto(tasks, ['test/fixtures/guests/counter']);
    const places = ['first', 'empty', 'full'].map((name) => path.join(directory, name));
    const [first = '', empty = '', full = ''] = places;
    await leaveBacklog(full, { events: EVENTS, devices: 500, task: 'counter', together: 1 });
    // The system's own caches are filled by the first.
    await started({ tasks, data: first });
    const without = await started({ tasks, data: empty });
    const within = await started({ tasks, data: full });
    return [
      {
        measure: `start-up: with ${EVENTS} events that wait / without`,
        value: `${within.startMs.toFixed(0)} / ${without.startMs.toFixed(0)} ms`,
        ratio: within.startMs / without.startMs,
      },
      { measure: 'start-up: the longest that its event loop stood still', value: `${within.longestMs.toFixed(0)} ms` },
      {
        measure: 'start-up: until their runs are over',
        value: `${(within.finishedMs / 1000).toFixed(1)} s, ${((EVENTS * 1000) / within.finishedMs).toFixed(0)} per s`,
      },
      {
        measure: 'start-up: memory for each of them, at the most',
        value: `${((within.peakBytes - without.peakBytes) / EVENTS).toFixed(0)} bytes`,
      },
    ];
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function started(order: StartUpOrder): Promise<StartUpReport> {
  const child = fork(PROCESS);
  child.send(order);
  const [report] = (await once(child, 'message')) as [StartUpReport];
  await once(child, 'exit');
  return report;
}
