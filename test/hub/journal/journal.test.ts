import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Journal } from '../../../hub/journal/journal.js';
import { createLog } from '../../../hub/log.js';
import {
  openStore,
  StoreError,
  type ChangeResult,
  type OutboxGroup,
  type RunPlace,
  type RunRecord,
  type StateChange,
  type Store,
  type StoredEvent,
} from '../../../hub/store/index.js';
import { until } from '../../runtime/eventually.js';

const EVENT: StoredEvent = {
  id: 'e',
  topic: 't',
  payload: Buffer.from('x'),
  qos: 1,
  retain: false,
  arrivedAtMs: 1,
  clockMs: 2,
  runs: [{ task: 'a', seed: 3 }],
};

const MESSAGE = { topic: 'out', payload: Buffer.from('y'), qos: 1, retain: false } as const;

interface Setup {
  readonly journal: Journal;
  readonly store: Store;
  readonly released: OutboxGroup[];
  readonly failures: Error[];
  /** Ends the oldest sync. */
  synced(error?: Error): void;
  readonly syncs: number;
}

function setUp(t: Test): Setup {
  const waiting: ((error: Error | null) => void)[] = [];
  let syncs = 0;
  const store = openStore(join(t.testdir({}), 'state.db'), {
    sync: (_, done) => {
      syncs++;
      waiting.push(done);
    },
  });
  const released: OutboxGroup[] = [];
  const failures: Error[] = [];
  const journal = new Journal({
    store,
    log: createLog('silent'),
    lettersDropped: () => undefined,
    clock: () => 5_000,
    released: (group) => released.push(group),
    failed: (error) => failures.push(error),
  });
  const synced = (error?: Error): void => waiting.shift()?.(error ?? null);
  t.teardown(async () => {
    const closing = journal.close().then(() => store.close());
    const ends = setInterval(() => synced(), 1);
    await closing;
    clearInterval(ends);
  });
  return {
    journal,
    store,
    released,
    failures,
    synced,
    get syncs() {
      return syncs;
    },
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('an event is acknowledged and a message leaves only when the disk has confirmed them', async (t) => {
  const setup = setUp(t);
  const { journal, released } = setup;
  let acknowledged = 0;
  let settled = 0;
  const place = journal.receive(EVENT, undefined, () => acknowledged++);
  const origin = { id: 'e/a/0', source: 'a', timeMs: 4 };
  const change = { reads: [], writes: [], messages: [{ ...MESSAGE, origin }], ends: place };
  journal.write([change], () => settled++);
  journal.flush();
  t.equal(settled, 1, 'runs of the same key go on at once');
  await turn();
  t.same([acknowledged, released.length], [0, 0]);
  setup.synced();
  await turn();
  t.equal(acknowledged, 1);
  t.match(released, [{ messages: [{ topic: 'out', origin: { id: 'e/a/0' } }] }]);
});

t.test('while the disk works, later commits wait for one next round together', async (t) => {
  const setup = setUp(t);
  let acknowledged = 0;
  for (let i = 0; i < 3; i++) {
    setup.journal.receive(EVENT, undefined, () => acknowledged++);
    setup.journal.flush();
  }
  t.equal(setup.syncs, 1);
  setup.synced();
  await turn();
  t.equal(acknowledged, 1, 'only the first was there when the sync began');
  t.equal(setup.syncs, 2);
  setup.synced();
  await turn();
  t.equal(acknowledged, 3);
});

t.test('after a failed sync nothing is acknowledged or published any more, and the hub is told', async (t) => {
  const setup = setUp(t);
  let acknowledged = 0;
  setup.journal.receive(EVENT, undefined, () => acknowledged++);
  setup.journal.flush();
  setup.journal.receive(EVENT, undefined, () => acknowledged++);
  setup.journal.flush();
  setup.synced(new Error('EIO'));
  await turn();
  setup.journal.receive(EVENT, undefined, () => acknowledged++);
  setup.journal.flush();
  await turn();
  t.equal(acknowledged, 0);
  t.match(setup.failures, [{ code: 'sync-failed', message: /EIO/ }]);
  t.equal(setup.failures.length, 1);
  await t.rejects(setup.store.durable(), { code: 'sync-failed' });
});

t.test('a transaction that fails is tried again, with all that was to be in it', async (t) => {
  let fails = true;
  const setup = setUp(t);
  const commit = setup.store.commit.bind(setup.store);
  setup.store.commit = (...args) => {
    if (fails) throw new Error('disk full');
    return commit(...args);
  };
  let acknowledged = 0;
  let settled = 0;
  const place = setup.journal.receive(EVENT, undefined, () => acknowledged++);
  setup.journal.write([{ reads: [], writes: [], ends: place }], () => settled++);
  setup.journal.flush();
  t.same([acknowledged, settled], [0, 0]);
  fails = false;
  await new Promise<void>((resolve) => {
    const poll = setInterval(() => {
      if (settled === 0) return;
      clearInterval(poll);
      resolve();
    }, 5);
  });
  setup.synced();
  await turn();
  t.same([acknowledged, settled], [1, 1]);
});

t.test('an event whose runs are over within a moment is written and confirmed once', async (t) => {
  const setup = setUp(t);
  const commits: unknown[] = [];
  const commit = setup.store.commit.bind(setup.store);
  setup.store.commit = (...args) => {
    commits.push(args);
    return commit(...args);
  };
  let acknowledged = 0;
  const place = setup.journal.receive(EVENT, undefined, () => acknowledged++);
  await turn();
  t.equal(commits.length, 0, 'it waits for the end of its runs');
  await new Promise<void>((resolve) => {
    setup.journal.write([{ reads: [], writes: [], ends: place }], () => resolve());
  });
  t.equal(commits.length, 1);
  setup.synced();
  await turn();
  t.equal(acknowledged, 1);
  t.same(setup.store.unfinished(), []);
  setup.journal.sent(1);
  await turn();
  t.equal(commits.length, 1, 'what the broker has waits for the next transaction');
});

/** Nobody can pack it. */
const UNWRITABLE_RECORD = { runId: 'e/a', event: EVENT, task: { name: 'a' } } as unknown as RunRecord;
const wanting = (value: unknown, ends: RunPlace): StateChange => ({
  reads: [],
  writes: [{ bucket: 'b', key: `${ends.run}`, value: value as Uint8Array }],
  messages: [{ ...MESSAGE, origin: { id: `e/a/${ends.run}`, source: 'a', timeMs: 4 } }],
  ends,
});

/** Runs that are not over, by the number of their event's. */
const unfinished = (store: Store): readonly number[] =>
  [...store.unfinished()].flatMap((group) => [0, 1, 2, 3].filter((run) => !group.isOver(run)));

/** Writes four runs' ends at once: the second wants what cannot be written, and the last two have such a record. */
function writeFour({ journal }: Setup): { acknowledged: number; results: readonly ChangeResult[] } {
  const seen = { acknowledged: 0, results: [] as readonly ChangeResult[] };
  const runs = ['a', 'b', 'c', 'd'].map((task) => ({ task, seed: 3 }));
  const { group } = journal.receive({ ...EVENT, runs }, undefined, () => seen.acknowledged++);
  const at = (run: number): RunPlace => ({ group, run });
  const changes: StateChange[] = [
    wanting(Buffer.from('x'), at(0)),
    wanting({ length: 1 }, at(1)),
    { ...wanting(Buffer.from('x'), at(2)), record: UNWRITABLE_RECORD },
    { reads: [], writes: [], ends: at(3), record: UNWRITABLE_RECORD },
  ];
  journal.write(changes, (results) => (seen.results = results));
  journal.flush();
  return seen;
}

t.test(
  'of what cannot be written, the change at fault is refused or lacks its record; all else is as ever',
  async (t) => {
    const setup = setUp(t);
    const seen = writeFour(setup);
    t.match(seen.results, [{ kind: 'committed' }, { kind: 'refused' }, { kind: 'committed' }, { kind: 'committed' }]);
    setup.synced();
    await turn();
    t.equal(seen.acknowledged, 1);
    t.strictSame(
      setup.released.map(({ messages }) => messages.map(({ origin }) => origin.id)),
      [['e/a/0'], ['e/a/2']],
    );
    t.strictSame(unfinished(setup.store), [1]);
    let acknowledged = 0;
    setup.journal.receive(EVENT, undefined, () => acknowledged++);
    setup.journal.flush();
    setup.synced();
    await turn();
    t.same([acknowledged, setup.failures], [1, []], 'the hub goes on');
  },
);

t.test('on a disk that is full meanwhile it goes on where it was, with what came since behind it', async (t) => {
  const setup = setUp(t);
  const commit = setup.store.commit.bind(setup.store);
  let calls = 0;
  const full = Object.assign(new Error('database or disk is full'), { errcode: 13 });
  setup.store.commit = (...args) => {
    if (++calls === 4) throw new StoreError('write-failed', 'disk full', { cause: full });
    return commit(...args);
  };
  const seen = writeFour(setup);
  let acknowledged = 0;
  setup.journal.receive(EVENT, undefined, () => acknowledged++);
  setup.journal.flush();
  t.same([seen.results, calls], [[], 4]);
  await until('the next attempt', 20_000, () => seen.results.length === 4);
  for (let i = 0; i < 3; i++) {
    setup.synced();
    await turn();
  }
  t.same([seen.acknowledged, acknowledged], [1, 1]);
  t.equal(setup.released.flatMap(({ messages }) => messages).length, 2, 'nothing twice');
  t.strictSame(setup.failures, []);
});

t.test('a hub that cannot write what it must is told, and does not try for ever', async (t) => {
  for (const errcode of [undefined, 11]) {
    const setup = setUp(t);
    let calls = 0;
    const cause = Object.assign(new Error('no'), errcode === undefined ? {} : { errcode });
    setup.store.commit = () => {
      calls++;
      throw new StoreError('write-failed', 'cannot be written', { cause });
    };
    let acknowledged = 0;
    setup.journal.receive(EVENT, undefined, () => acknowledged++);
    setup.journal.flush();
    t.match(setup.failures, [{ code: 'write-failed' }]);
    const before = calls;
    setup.journal.receive(EVENT, undefined, () => acknowledged++);
    setup.journal.flush();
    await turn();
    t.same([calls, acknowledged], [before, 0]);
  }
});
