/** A process that executes one run up to its next point of execution: what goes in and comes out are files. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { decodeCheckpoint, encodeCheckpoint, type RunRequest } from '../../../runtime/index.js';
import { Executor } from '../../../runtime/worker/executor.js';
import { WarmTasks } from '../../../runtime/worker/warm-tasks.js';

const [cacheDir = '', key = '', request = '', checkpoint = '', sliceFuel = '', slices = ''] = process.argv.slice(2);
const executor = new Executor(cacheDir, undefined, new WarmTasks(cacheDir), Number(sliceFuel));
const from = existsSync(checkpoint) ? decodeCheckpoint(readFileSync(checkpoint)) : undefined;
const asked = JSON.parse(request) as RunRequest;
const event = { ...asked.event, payload: Buffer.from(asked.event.payload as unknown as string, 'base64') };
let left = Number(slices);
const result = executor.executeInPoints(
  { ...asked, task: key, event },
  { now: () => 0, cancelled: () => false, sliceEnded: () => undefined },
  {
    from,
    wish: () => (left-- > 0 ? 'go-on' : 'leave'),
    still: (reached) => writeFileSync(checkpoint, encodeCheckpoint(reached)),
  },
);
process.stdout.write(JSON.stringify(result ?? 'left'));
