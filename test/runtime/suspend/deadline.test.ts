/** A deadline counts the time that a run executes, wherever and in however many parts it does. */
import { t } from 'tap';
import type { Checkpoint } from '../../../runtime/checkpoint/checkpoint.js';
import { DEFAULT_LIMITS, type RunResult } from '../../../runtime/index.js';
import { Executor } from '../../../runtime/worker/executor.js';
import type { SliceWatch } from '../../../runtime/worker/gauge.js';
import { requestOf } from '../run-request.js';
import { taskComponent } from '../wat-component.js';
import { prepared } from './stepping.js';

t.setTimeout(55_000);

/** Milliseconds that each slice takes. */
const SLICE_MS = 10;
const DEADLINE_MS = 500;
const STILL_MS = 1_000_000;

const MANIFEST = {
  limits: { ...DEFAULT_LIMITS, fuel: 1e12, deadlineMs: DEADLINE_MS },
  grants: { publish: [], buckets: {} },
  config: {},
  subjects: 'verbatim',
};

t.test('a run that stands still between its slices ends at its deadline, and not before', async (t) => {
  const fields = '(func $nothing) (func $for_ever (loop $again (call $nothing) (br $again)))';
  const component = await taskComponent({ fields, body: '(call $for_ever)' });
  await prepared(component, 'all', ({ key, cacheDir }) => {
    const request = requestOf({ manifest: MANIFEST as never }, { key });
    const executor = new Executor(cacheDir, undefined, undefined, 1_000);
    let [nowMs, executedMs, stops] = [0, 0, 0];
    const watch: SliceWatch = {
      now: () => nowMs,
      cancelled: () => false,
      sliceEnded: () => {
        nowMs += SLICE_MS;
        executedMs += SLICE_MS;
      },
    };
    let from: Checkpoint | undefined;
    let result: RunResult | undefined;
    while (result === undefined && stops < 1_000) {
      let slices = 0;
      result = executor.executeInPoints(request, watch, {
        from,
        wish: () => (++slices > 5 ? 'leave' : 'go-on'),
        still: (checkpoint) => (from = checkpoint),
      });
      stops++;
      nowMs += STILL_MS;
    }
    t.equal(result?.outcome.kind, 'deadline');
    t.ok(stops > 3, `it stood still ${stops} times`);
    t.ok(executedMs >= DEADLINE_MS && executedMs <= DEADLINE_MS + 2 * SLICE_MS * stops, `after ${executedMs} ms`);
    t.ok((result?.usage.wallMs ?? 0) < STILL_MS, 'and says so');
  });
});
