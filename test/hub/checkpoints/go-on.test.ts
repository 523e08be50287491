/** A run goes on elsewhere in the code that it was taken from, under the limits that it had. */
import t from 'tap';
import { goOn, pointsOf } from '../../../hub/checkpoints/index.js';
import { CheckpointFault, encodeCheckpoint, MAX_LIMITS, type RunResult } from '../../../runtime/index.js';
import { aCheckpoint } from '../../runtime/checkpoint/a-checkpoint.js';

const takenFrom = (instrumentation: string): Uint8Array => encodeCheckpoint(aCheckpoint({ instrumentation }));

t.test('where points of execution lie is read from the checkpoint', (t) => {
  for (const points of ['calls', 'loops', 'all'] as const)
    t.equal(pointsOf(takenFrom(`suspend-1/${points}/x`)), points);
  t.throws(() => pointsOf(takenFrom('suspend-9/often/x')), CheckpointFault);
  t.throws(() => pointsOf(takenFrom('suspend-9/often/x')), /code prepared as suspend-9\/often\/x, which this Sterna/);
  t.end();
});

t.test(
  'the component is prepared as it was, with the memory that the run may have, and the runtime is closed',
  async (t) => {
    const told: unknown[] = [];
    const result = { runId: 'run' } as RunResult;
    const runtime = {
      install: (component: Uint8Array, limits: object, options: object) => {
        told.push([component, limits, options]);
        return Promise.resolve({ key: 'key' });
      },
      resume: (_: Uint8Array, task: string) => {
        told.push(task);
        return { end: Promise.resolve({ kind: 'ended', result }) };
      },
      close: () => Promise.resolve(void told.push('closed')),
    };
    const component = Uint8Array.of(1);
    const parts = {
      component,
      points: 'calls',
      cacheDir: 'x',
      startRuntime: () => Promise.resolve(runtime as never),
    } as const;
    t.equal(await goOn(takenFrom('suspend-1/calls/x'), parts), result);
    const { memoryBytes } = aCheckpoint().request.limits;
    t.strictSame(told, [[component, { ...MAX_LIMITS, memoryBytes }, { resumable: 'calls' }], 'key', 'closed']);
  },
);
