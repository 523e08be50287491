/** A program that runs a task which hangs, first in a thread and then in the process of suspects, and says which that is. */
import { join } from 'node:path';
import { createRuntime } from '../../runtime/index.js';
import { builtTask } from '../runtime/built-task.js';
import { until } from '../runtime/eventually.js';
import { requestOf } from '../runtime/run-request.js';
import { ThreadWitness } from '../runtime/thread-witness.js';

const probe = await builtTask('test/fixtures/guests/probe');
const [, , folder = ''] = process.argv;
const witness = new ThreadWitness(folder);
const cacheDir = join(folder, 'cache');
const runtime = await createRuntime({ threads: 1, cacheDir, state: witness.state });
const installed = await runtime.install(probe.component, probe.manifest.limits);
const hang = (deadlineMs: number) =>
  runtime.run(requestOf(probe, installed, { captures: { what: 'count' }, payload: '1 9', limits: { deadlineMs } }));
await hang(100);
void hang(60_000);
await until('it hangs in the process', 20_000, () => witness.process(1) !== process.pid);
process.send?.([witness.process(1)]);
