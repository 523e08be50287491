/** What a run has read of state before it was suspended still counts when it goes on. */
import { join } from 'node:path';
import { t, type Test } from 'tap';
import { openState as recordedState } from '../../../hub/records/recorded-state.js';
import { openState, openStore, type Store } from '../../../hub/store/index.js';
import {
  decodeCheckpoint,
  DEFAULT_LIMITS,
  describeCheckpoint,
  encodeCheckpoint,
  RUNTIME_BOUNDS,
  type RunRequest,
  type RunResult,
  type StateReader,
} from '../../../runtime/index.js';
import { Executor } from '../../../runtime/worker/executor.js';
import { GET, HANDLE, i32s, KEYS, NAMES, OPEN, OPENED, PUBLISH, times } from '../guest-calls.js';
import { requestOf } from '../run-request.js';
import { taskComponent } from '../wat-component.js';
import { prepared, type Prepared } from './stepping.js';

const BUCKET = 'task/default';
const MANIFEST = {
  limits: DEFAULT_LIMITS,
  grants: { publish: ['out'], buckets: { default: { id: BUCKET, access: 'read-write' } } },
  config: {},
  subjects: 'verbatim',
};
const WATCH = { now: () => 0, cancelled: () => false, sliceEnded: () => undefined };
const DROP = '(import "wasi:keyvalue/store@0.2.0-draft" "[resource-drop]bucket" (func $drop (param i32)))';

/** Lists the keys and reads "1", works for a while, does all of that again, and publishes what it found. */
const LOOKING = {
  imports: `${PUBLISH} ${OPEN} ${GET} ${KEYS} ${DROP}`,
  // A place of its own for everything the host writes, so that what was found is there to be published.
  realloc: `(global.set $free (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -8)))
    (global.set $at (global.get $free))
    (global.set $free (i32.add (global.get $free) (local.get 3)))
    (global.get $at)`,
  fields: `${NAMES} (global $free (mut i32) (i32.const 2048)) (global $at (mut i32) (i32.const 0))
    (func $nothing)
    (func $look (param $to i32)
      ${OPENED}
      (call $keys ${HANDLE} ${i32s(0)} (i64.const 0) (local.get $to))
      (call $get ${HANDLE} ${i32s(272, 1)} (i32.add (local.get $to) (i32.const 48)))
      (call $drop ${HANDLE}))
    (func $work (local $i i32) ${times(1_000, '(call $nothing)')})`,
  body: `(call $look (i32.const 640)) (call $work) (call $look (i32.const 768)) (call $work)
    (i64.store (i32.const 64) (i64.const 0x740075006f))
    (call $publish ${i32s(64, 3, 640, 3072, 0, 0, 0, 600)})
    (i64.store (i32.const 0) (i64.const 0))`,
};

/** Points of execution up to then. */
const IN_FIRST_WORK = 8;
const IN_SECOND_WORK = 30;

interface Looking {
  readonly store: Store;
  readonly state: StateReader;
  /** Runs up to a point in the first of the two works, or behind so many points. @returns its checkpoint, as bytes. */
  readonly suspended: (changes?: Partial<RunRequest>, points?: number) => Uint8Array;
  readonly resumed: (checkpoint: Uint8Array) => RunResult;
  readonly whole: (changes?: Partial<RunRequest>, state?: StateReader) => RunResult;
  /** Executes one during whose first work something happens, and so much time passes. */
  readonly meanwhile: (ms: number, happens: () => void) => RunResult;
}

async function looking(t: Test, use: (looking: Looking) => void): Promise<void> {
  const file = join(t.testdir({}), 'state.db');
  const store = openStore(file);
  const state = openState({ file });
  t.teardown(async () => {
    state.close();
    await store.close();
  });
  store.commit([{ reads: [], writes: ['1', '2'].map((key) => ({ bucket: BUCKET, key, value: Buffer.from(key) })) }]);
  await prepared(await taskComponent(LOOKING), 'all', (p) => use(lookingAt(p, store, state)));
}

function lookingAt({ key, cacheDir }: Prepared, store: Store, state: StateReader): Looking {
  const request = (changes: Partial<RunRequest> = {}): RunRequest => {
    return { ...requestOf({ manifest: MANIFEST as never }, { key }), ...changes };
  };
  return {
    store,
    state,
    suspended: (changes, count = IN_FIRST_WORK) => {
      const points: Uint8Array[] = [];
      let left = count;
      new Executor(cacheDir, state, undefined, 500).executeInPoints(request(changes), WATCH, {
        from: undefined,
        wish: () => (left-- > 0 ? 'go-on' : 'leave'),
        still: (checkpoint) => points.push(encodeCheckpoint(checkpoint)),
      });
      const [checkpoint] = points;
      if (checkpoint === undefined) throw new Error('it did not stand still');
      return checkpoint;
    },
    resumed: (bytes) => {
      const from = decodeCheckpoint(bytes);
      const asked = { ...from.request, task: key };
      const points = { from, wish: () => 'go-on' as const, still: () => undefined };
      const result = new Executor(cacheDir, state).executeInPoints(asked, WATCH, points);
      if (result === undefined) throw new Error('nobody asked it to stop');
      return result;
    },
    meanwhile: (ms, happens) => {
      let nowMs = 0;
      let slices = 0;
      const sliceEnded = (): void => {
        if (++slices !== IN_FIRST_WORK) return;
        happens();
        nowMs += ms;
      };
      const watch = { now: () => nowMs, cancelled: () => false, sliceEnded };
      return new Executor(cacheDir, state, undefined, 500).execute(request({ recordReads: true }), watch);
    },
    whole: (changes, from = state) => new Executor(cacheDir, from).execute(request(changes), WATCH),
  };
}

/** What a result has of the machine it was made on. */
function comparable(result: RunResult): Omit<RunResult, 'usage'> & { readonly fuel: number } {
  const { usage, ...rest } = result;
  return { ...rest, fuel: usage.fuel };
}

t.test('a run that listed keys, and whose keys changed while it stood still, conflicts', (t) =>
  looking(t, ({ store, suspended, resumed }) => {
    const checkpoint = suspended();
    t.match(describeCheckpoint(checkpoint), { listed: 1, reads: 1, recordReads: false, recordedPages: 0 });
    t.strictSame(resumed(checkpoint).listed, [{ bucket: BUCKET, version: 1 }]);
    store.commit([{ reads: [], writes: [{ bucket: BUCKET, key: '3', value: Buffer.from('3') }] }]);
    const { outcome, reads, listed } = resumed(checkpoint);
    t.strictSame(outcome, { kind: 'completed' });
    t.strictSame(listed, [{ bucket: BUCKET, version: 1 }], 'it says the keys of the first look, not of the second');
    const { results } = store.commit([{ reads, listed, writes: [] }]);
    t.match(results, [{ kind: 'conflict' }]);
  }),
);

t.test('a run that read a value which changed while it stood still finds it as it was, and conflicts', (t) =>
  looking(t, ({ store, suspended, resumed, whole }) => {
    const before = whole();
    const checkpoint = suspended();
    store.commit([{ reads: [], writes: [{ bucket: BUCKET, key: '1', value: Buffer.from('other') }] }]);
    const { effects, reads, listed } = resumed(checkpoint);
    t.strictSame(effects, before.effects);
    t.match(store.commit([{ reads, listed, writes: [] }]).results, [{ kind: 'conflict' }]);
  }),
);

t.test('a run sees state as of one moment for a second, then as it is; what it had looked at conflicts', (t) =>
  looking(t, ({ store, meanwhile, whole }) => {
    const writes = [{ bucket: BUCKET, key: '3', value: Buffer.from('3') }];
    const before = whole();
    const shortly = meanwhile(RUNTIME_BOUNDS.snapshotMs - 1, () => store.commit([{ reads: [], writes }]));
    t.strictSame(shortly.effects, before.effects);
    t.match(shortly.pages, [{ keys: ['1', '2'] }]);
    t.equal(shortly.unrecorded, undefined);

    const values = { bucket: BUCKET, key: '4', value: Buffer.from('4') };
    const { effects, reads, listed, unrecorded } = meanwhile(RUNTIME_BOUNDS.snapshotMs, () =>
      store.commit([{ reads: [], writes: [values] }]),
    );
    t.notSame(effects, whole().effects, 'its second look is not like its first');
    t.strictSame(listed, [{ bucket: BUCKET, version: 2 }]);
    t.match(store.commit([{ reads, listed, writes: [] }]).results, [{ kind: 'conflict' }]);
    t.equal(unrecorded, `keys of "${BUCKET}" changed while it went on`);
  }),
);

t.test('a run that takes long, and whose state stays as it is, commits and is recorded', (t) =>
  looking(t, ({ store, meanwhile, whole }) => {
    const elsewhere = [{ bucket: 'other', key: '1', value: Buffer.from('1') }];
    const result = meanwhile(RUNTIME_BOUNDS.snapshotMs, () => store.commit([{ reads: [], writes: elsewhere }]));
    t.strictSame(comparable(result), comparable(whole({ recordReads: true })));
    const { reads, listed } = result;
    t.match(store.commit([{ reads, listed, writes: [] }]).results, [{ kind: 'committed' }]);
  }),
);

t.test('what is recorded of a run that was suspended is what is recorded of one that was not', (t) =>
  looking(t, ({ suspended, resumed, whole }) => {
    const checkpoint = suspended({ recordReads: true }, IN_SECOND_WORK);
    t.match(describeCheckpoint(checkpoint), { recordReads: true, recordedPages: 1, unrecorded: undefined });
    const result = resumed(checkpoint);
    t.strictSame(comparable(result), comparable(whole({ recordReads: true })));
    t.strictSame(comparable(resumed(suspended({ recordReads: true }))), comparable(result), 'wherever that was');
    t.match(result.reads, [{ key: '1', value: Buffer.from('1') }]);
    t.match(result.pages, [{ keys: ['1', '2'] }]);
    const again = whole({}, recordedState({ reads: result.reads, pages: result.pages }));
    t.strictSame(again.effects, result.effects, 'the record is all that it takes to do it again');
    t.equal(again.usage.fuel, result.usage.fuel);
  }),
);

t.test('a run whose keys changed while it stood still says that its record is none', (t) =>
  looking(t, ({ store, suspended, resumed }) => {
    const checkpoint = suspended({ recordReads: true });
    store.commit([{ reads: [], writes: [{ bucket: BUCKET, key: '2', value: undefined }] }]);
    const { unrecorded } = resumed(checkpoint);
    t.equal(unrecorded, `keys of "${BUCKET}" changed while it went on`);
  }),
);
