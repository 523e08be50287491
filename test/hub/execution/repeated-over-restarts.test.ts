/** A run whose reads others overwrite fails after a bounded number of executions, however often the hub is started anew in between. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { EXECUTION_BOUNDS } from '../../../hub/execution/limits.js';
import { openStore } from '../../../hub/store/index.js';
import { until } from '../../runtime/eventually.js';
import { testHub, type TestHub } from '../hub-under-test.js';

const LONG = `name = "long"
resumable = true
[[trigger]]
topic = "x"
[grants]
buckets = { default = "read-write" }
[retry]
attempts = 1
`;

/** Nobody ever wrote that version. */
const STALE = { reads: [{ bucket: 'task/long/default', key: 'n', version: 99 }] };

const LIVES = 4;
/** The execution after those is cut short by a restart, and is none that others spoiled. */
const EACH = (EXECUTION_BOUNDS.executions - 1) / (LIVES - 1);

function life(t: Test, dir?: string): Promise<TestHub> {
  return testHub(t, { tasks: { long: LONG }, drainMs: 0, ...(dir === undefined ? {} : { dir }) });
}

async function spoil({ runtime }: TestHub, executions: number): Promise<void> {
  for (let i = 0; i < executions; i++) {
    await until('it executes', 10_000, () => runtime.pending.length === 1);
    runtime.answer(STALE);
  }
}

t.test('executions of earlier hubs count', async (t) => {
  let hub = await life(t);
  hub.link.deliver('x');
  for (let i = 1; i < LIVES; i++) {
    await spoil(hub, EACH);
    await until('it goes again', 10_000, () => hub.runtime.pending.length === 1);
    await hub.hub.close();
    hub = await life(t, hub.dir);
  }
  await spoil(hub, 1);
  await until('it has failed', 10_000, () => hub.hub.counts.runs.failed === 1);
  t.match(
    hub.seen.filter(({ kind }) => kind === 'run-finished'),
    [{ attempt: 1, outcome: { kind: 'failed', message: /others wrote "n" .* during each of 16 executions/ } }],
  );
});

t.test('so does the one that it goes on with from a point', async (t) => {
  const first = await life(t);
  first.link.deliver('x');
  await until('it executes', 10_000, () => first.runtime.pending.length === 1);
  await first.hub.close();
  const store = openStore(join(first.dir, 'data', 'state.db'));
  const [group] = store.unfinished();
  const place = { group: group?.id ?? 0, run: 0 };
  const retries = { place, attempt: 1, dueAtMs: 5_000, executions: EXECUTION_BOUNDS.executions - 1 };
  const at = { attempt: 1, digest: 'd', base: undefined, fuel: 1, atMs: 1 };
  const point = { place, ...at, fits: 'f', version: undefined, byHand: false };
  store.commit([
    { reads: [], writes: [], retries },
    { reads: [], writes: [], point },
  ]);
  await store.close();
  const hub = await life(t, first.dir);
  await spoil(hub, 1);
  await until('it has failed', 10_000, () => hub.hub.counts.runs.failed === 1);
  t.equal(hub.runtime.started.length, 1);
});
