/** What a hub keeps of its runs, between a link and a runtime that do as they are told. */
import t from 'tap';
import { JOURNAL_BOUNDS } from '../../../hub/journal/limits.js';
import type { RunHistory } from '../../../hub/records/run-history.js';
import type { RunSummary } from '../../../hub/store/run-summary.js';
import { until } from '../../runtime/eventually.js';
import { testHub, turns, type TestHub } from '../hub-under-test.js';

const ANY = { task: undefined, outcome: undefined, sinceMs: undefined, limit: 1_000, log: { lines: 9, length: 9 } };

const LIGHT = `name = "light"
[[trigger]]
topic = "x/{n}"
[schedule]
key = false
[limits]
queue = 10000
[grants]
publish = ["out"]
[grants.buckets]
default = "read-write"
`;
const BUCKET = 'task/light/default';

function historyOf({ hub }: TestHub): RunHistory {
  if (hub.history === undefined) throw new Error('it keeps no records');
  return hub.history;
}

async function listed(one: TestHub): Promise<readonly RunSummary[]> {
  return JSON.parse(await historyOf(one).list(ANY)) as readonly RunSummary[];
}

t.test('a run that listed keys runs again when one has come meanwhile, and is recorded once', async (t) => {
  const test = await testHub(t, { tasks: { light: LIGHT } });
  const { hub, link, runtime, seen } = test;
  link.deliver('x/1');
  link.deliver('x/2');
  await until('both run', 5_000, () => runtime.pending.length === 2);
  const [lists, adds] = runtime.pending;
  runtime.answer({ effects: [{ kind: 'set', bucket: BUCKET, key: 'new', value: new Uint8Array(1) }] }, adds);
  await until('a key has come', 5_000, () => hub.counts.runs.completed === 1);
  runtime.answer({ listed: [{ bucket: BUCKET, version: 0 }] }, lists);
  await until('it runs again', 5_000, () => runtime.pending.length === 1);
  const repeated = seen.find(({ kind }) => kind === 'run-repeated');
  t.match(repeated, { runId: 'e0/light', attempt: 1, executions: 1, bucket: BUCKET });
  t.notOk(repeated !== undefined && 'key' in repeated);
  runtime.answer({ listed: [{ bucket: BUCKET, version: 1 }] });
  await until('it is over', 5_000, () => hub.counts.runs.completed === 2);
  t.match(await listed(test), [
    { runId: 'e0/light', attempt: 1 },
    { runId: 'e1/light', attempt: 1, written: 1 },
  ]);
});

t.test('a run for which nothing was promised is recorded as well, at the latest when it is asked for', async (t) => {
  const test = await testHub(t, { tasks: { light: LIGHT }, behave: () => ({ fuel: 7 }) });
  test.link.deliver('x/1', { qos: 0 });
  await until('it is over', 5_000, () => test.hub.counts.runs.completed === 1);
  t.match(await listed(test), [{ runId: 'e0/light', usage: { fuel: 7 } }]);
  t.equal(historyOf(test).unrecorded, 0);
});

t.test(
  'of runs for which nothing was promised no more records wait than may, and the others are counted',
  async (t) => {
    const test = await testHub(t, { tasks: { light: LIGHT }, behave: () => ({}) });
    const payload = new Uint8Array(64 * 1024);
    const events = 100;
    for (let i = 0; i < events; i++) test.link.deliver('x/1', { payload, qos: 0 });
    await until('they are over', 10_000, () => test.hub.counts.runs.completed === events);
    const { unrecorded } = historyOf(test);
    const runs = await listed(test);
    t.ok(unrecorded > 0);
    t.ok(runs.length * payload.length <= JOURNAL_BOUNDS.waitingRecordBytes);
    t.equal(runs.length + unrecorded, events);
  },
);

t.test('how a run ended is recorded, also where the hub would not have its effects', async (t) => {
  const test = await testHub(t, {
    tasks: { light: LIGHT },
    behave: ({ event }) => {
      switch (event.topic) {
        case 'x/failed':
          return { outcome: { kind: 'failed', message: 'no' } };
        case 'x/denied':
          return { effects: [{ kind: 'delete', bucket: 'shared/other', key: 'k' }] };
        case 'x/large':
          return {
            effects: [{ kind: 'publish', topic: 'out', payload: new Uint8Array(5 * 2 ** 20), qos: 1, retain: false }],
          };
        case 'x/lost':
          return { outcome: { kind: 'trapped', reason: 'thread-lost', message: '' } };
        case 'x/read':
          return { unrecorded: 'it read a lot' };
        default:
          return { outcome: { kind: 'deadline' }, fuel: 0 };
      }
    },
  });
  const names = ['failed', 'denied', 'large', 'lost', 'read', 'killed'];
  for (const name of names) test.link.deliver(`x/${name}`);
  await until('they are over', 5_000, () => test.hub.runs === 0);
  const found = Object.fromEntries(
    await Promise.all(
      names.map(async (name, i) => {
        const record: unknown = JSON.parse((await historyOf(test).find(`e${i}/light`)) ?? 'null');
        return [name, record] as const;
      }),
    ),
  );
  t.match(found, {
    failed: { outcome: { kind: 'failed', message: 'no' }, executed: undefined, notReplayable: undefined },
    denied: { outcome: { kind: 'denied' }, executed: { kind: 'completed' }, effects: [], notReplayable: undefined },
    large: { effects: [], notReplayable: /^its record would have some \d+ bytes, and at most 4194304 are kept/ },
    lost: { notReplayable: /^its thread was lost/ },
    read: { notReplayable: 'it read a lot' },
    killed: { notReplayable: /^it was not executed, or ended from outside/ },
  });
});

t.test('a hub that keeps no records asks for none, and says that it has none', async (t) => {
  const { hub, link, runtime } = await testHub(t, { tasks: { light: LIGHT }, recordBytes: 0 });
  t.equal(hub.history, undefined);
  link.deliver('x/1');
  await turns();
  t.match(runtime.pending, [{ recordReads: false }]);
  runtime.answer();
  await until('it is over', 5_000, () => hub.counts.runs.completed === 1);
});
