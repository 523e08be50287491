/** A transaction that fails leaves nothing behind, on disk or in memory: what follows is as if it had never been. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  openStore,
  type Also,
  type RunPlace,
  type RunRecord,
  type StateChange,
  type Store,
  type StoredEvent,
  type StoredMessage,
} from '../../../hub/store/index.js';
import { Connection } from '../../../hub/store/sqlite.js';
import { Random } from '../../runtime/provision/fuzz/random.js';

const event = (id: string, runs: number): StoredEvent => ({
  id,
  topic: `t/${id}`,
  payload: Buffer.from(id),
  qos: 1,
  retain: false,
  arrivedAtMs: 1,
  clockMs: 2,
  runs: Array.from({ length: runs }, (_, i) => ({ task: `task-${i}`, seed: i })),
});

const message = (id: string): StoredMessage => ({
  topic: 'out',
  payload: Buffer.from(id),
  qos: 1,
  retain: false,
  origin: { id, source: 'task', timeMs: 5 },
});

const ends = (place: RunPlace): StateChange => ({ reads: [], writes: [], ends: place });

/** No run is there: SQLite is rolled back after whatever comes before it. */
const IMPOSSIBLE = ends({ group: 999_999, run: 0 });

function fileOf(t: Test): string {
  return join(t.testdir({}), 'state.db');
}

/** Runs that a hub which starts now would begin anew. */
function unfinished(store: Store): string[] {
  return [...store.unfinished()].flatMap((group) => {
    const runs = group.events.flatMap((one) => one.runs.map(({ task }) => `${one.id}/${task}`));
    return runs.flatMap((run, i) => (group.isOver(i) ? [] : [`${group.id} ${run}`]));
  });
}

t.test('events that come while a transaction is tried again are in it, with all their runs', async (t) => {
  const file = fileOf(t);
  const store = openStore(file);
  const id = store.nextInboxId();
  t.throws(() => store.commit([IMPOSSIBLE], { received: { id, events: [event('a', 1)] } }), { code: 'write-failed' });
  store.commit([ends({ group: id, run: 0 })], { received: { id, events: [event('a', 1), event('b', 12)] } });
  store.commit([ends({ group: id, run: 3 })]);
  await store.close();
  const again = openStore(file);
  t.teardown(() => again.close());
  const left = [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((run) => `${id} b/task-${run}`);
  t.same(unfinished(again), left);
});

const RECORD: RunRecord = {
  runId: 'e/task-0',
  task: {
    name: 'task-0',
    version: '1.0.0',
    component: 'c'.repeat(64),
    instrumentation: '4',
    subjects: 'verbatim',
    isolation: 'event',
    limits: { fuel: 1, memoryBytes: 2, deadlineMs: 3, outputBytes: 4, logBytes: 5 },
    grants: { publish: [], buckets: {} },
    config: {},
  },
  event: { id: 'e', topic: 't', payload: Buffer.alloc(4_000), qos: 1, retain: false, arrivedAtMs: 1, captures: {} },
  attempt: 1,
  clockMs: 1,
  seed: 1,
  where: 'local',
  outcome: { kind: 'completed' },
  effects: [],
  reads: [],
  pages: [],
  log: [],
  droppedLogLines: 0,
  usage: { fuel: 1, peakMemoryBytes: 1, wallMs: 1, hostMs: 1, outputBytes: 1, logBytes: 1 },
  startedAtMs: 1,
};

/** Cannot be written, which shows when all else of its transaction has been. */
const UNWRITABLE = { ...RECORD, usage: undefined } as unknown as RunRecord;

/** What a hub might commit next; the same for the same numbers drawn. */
class Work {
  /** Runs that are not over. */
  #open: RunPlace[] = [];
  readonly #version = { ...RECORD.task };
  #steps = 0;

  constructor(readonly random: Random) {}

  next(id: number, lastOutboxId: number): { changes: StateChange[]; also: Also } {
    const { random } = this;
    const step = this.#steps++;
    const events = random.once(3)
      ? []
      : random.list(1 + random.below(4), (i) => event(`e${step}.${i}`, random.below(9)));
    const runs = events.reduce((sum, one) => sum + one.runs.length, 0);
    this.#open.push(...Array.from({ length: runs }, (_, run) => ({ group: id, run })));
    const over = this.#open.filter(() => random.once(2));
    this.#open = this.#open.filter((place) => !over.includes(place));
    const changes = over.map((place) => this.#change(place, step));
    for (const place of this.#open.filter(() => random.once(8))) {
      changes.push({ reads: [], writes: [], retries: { place, attempt: 2, dueAtMs: step, executions: 0 } });
    }
    const number = (): number => 1 + random.below(step + 1);
    const also: Also = {
      received: events.length === 0 ? undefined : { id, events },
      deliveries: random.list(random.below(1_000), (i) => ({ packetId: i, fingerprint: step })),
      sent: lastOutboxId > 0 && random.once(2) ? [1 + random.below(lastOutboxId)] : [],
      dead: random.once(5) ? [{ message: message(`d${step}`), reason: 'r', atMs: step }] : [],
      schedules: random.once(5)
        ? [{ task: 'a', timer: `t${random.below(3)}`, schedule: random.once(3) ? undefined : this.#schedule(step) }]
        : [],
      discarded: random.once(6) ? [{ kind: random.once(2) ? 'run' : 'message', number: number() }] : [],
      quarantines: random.once(6)
        ? [{ task: 'a', version: '1', digest: 'd', failures: random.below(3), trips: 1, untilMs: step }]
        : [],
      records: random.once(3) ? [{ ...RECORD, task: { ...this.#version, version: `${random.below(5)}` } }] : [],
      devices: {
        clear: random.once(30),
        seen: random.list(random.below(3), (i) => ({
          topic: `d${random.below(20)}/${i}`,
          payload: Buffer.alloc(step),
        })),
      },
      atMs: step,
    };
    return { changes, also };
  }

  /** Ends a run, in one of the ways in which one may end; some are refused, or come too late. */
  #change(place: RunPlace, step: number): StateChange {
    const { random } = this;
    const bucket = `b${random.below(3)}`;
    const key = `k${random.below(10)}`;
    return {
      reads: random.once(10) ? [{ bucket, key, value: undefined, version: random.below(3) }] : [],
      ...(random.once(10) ? { listed: [{ bucket, version: random.below(step + 1) }] } : {}),
      writes: random.list(random.below(3), () => ({
        bucket,
        key: `k${random.below(10)}`,
        value: random.once(4) ? undefined : Buffer.alloc(random.once(50) ? 2 * 1024 * 1024 : random.below(100)),
      })),
      messages: random.list(random.below(3), (i) => message(`${place.group}/${place.run}/${i}`)),
      ends: place,
      ...(random.once(10)
        ? {
            letter: {
              event: event(`l${step}`, 1),
              task: 'task-0',
              outcome: 'trapped',
              attempts: 1,
              atMs: step,
              evidence: '{}',
            },
          }
        : {}),
      ...(random.once(4) ? { record: { ...RECORD, task: this.#version } } : {}),
    };
  }

  #schedule(step: number): NonNullable<NonNullable<Also['schedules']>[number]['schedule']> {
    return { task: 'a', timer: 't', rule: 'r', dealtMs: step, firedMs: undefined, turn: 0, furthestMs: undefined };
  }
}

/** Everything that is in a database. */
function contents(file: string): unknown {
  const connection = new Connection(file, { readOnly: true });
  const names = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all();
  const tables = names.map(({ name }) => [name, connection.prepare(`SELECT * FROM "${String(name)}"`).all()]);
  connection.close();
  return JSON.parse(
    JSON.stringify(tables, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
    ),
  );
}

t.test('a store of which every other transaction failed first is what one is of which none did', async (t) => {
  const seed = Number(process.env['STERNA_STORE_SEED'] ?? Date.now() % 1_000_000);
  t.comment(`STERNA_STORE_SEED=${seed}`);
  const dir = t.testdir({ calm: {}, tried: {} });
  const [calmFile, triedFile] = [join(dir, 'calm', 'state.db'), join(dir, 'tried', 'state.db')];
  const records = { bytes: 512 * 1024, ageMs: 100 };
  const [calm, tried] = [openStore(calmFile, { records }), openStore(triedFile, { records })];
  t.teardown(() => Promise.all([calm.close(), tried.close()]));
  const work = new Work(new Random(seed));
  const faults = new Random(seed + 1);
  for (let step = 0; step < 300; step++) {
    const id = calm.nextInboxId();
    tried.nextInboxId();
    const { changes, also } = work.next(id, calm.lastOutboxId);
    for (let times = faults.below(3); times > 0; times--) {
      const isLate = faults.once(2);
      const some = changes.slice(0, faults.below(changes.length + 1));
      const events = also.received?.events.slice(0, 1 + faults.below(also.received.events.length));
      const runs = events?.reduce((sum, one) => sum + one.runs.length, 0) ?? 0;
      // What ends a run of an event that has not come yet is not there yet either.
      const possible = some.filter(({ ends, retries }) => {
        const place = ends ?? retries?.place;
        return place === undefined || place.group !== id || place.run < runs;
      });
      t.throws(
        () =>
          tried.commit(isLate ? possible : [...possible, IMPOSSIBLE], {
            ...also,
            received: events === undefined ? undefined : { id, events },
            records: isLate ? [...(also.records ?? []), UNWRITABLE] : (also.records ?? []),
          }),
        { code: 'write-failed' },
      );
    }
    const [expected, found] = [calm.commit(changes, also), tried.commit(changes, also)];
    if (JSON.stringify(found) === JSON.stringify(expected)) continue;
    t.same(found, expected, `step ${step} ends as if nothing had failed before`);
    return;
  }
  t.same(contents(triedFile), contents(calmFile));
  await Promise.all([calm.close(), tried.close()]);
  const [calmAgain, triedAgain] = [openStore(calmFile, { records }), openStore(triedFile, { records })];
  t.teardown(() => Promise.all([calmAgain.close(), triedAgain.close()]));
  t.same(unfinished(triedAgain), unfinished(calmAgain));
});
