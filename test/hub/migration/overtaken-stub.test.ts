/** A run that moves again, from where it began to move before: what is of no use of its first stub takes nothing of the next. */
import t from 'tap';
import { createLog } from '../../../hub/log.js';
import { KeptStubs } from '../../../hub/migration/kept-stubs.js';
import type { StateChange } from '../../../hub/store/index.js';
import { NEW_RUN } from '../../../provider/protocol/responsibility/index.js';
import { aCheckpoint } from '../../runtime/checkpoint/a-checkpoint.js';
import { encodeCheckpoint } from '../../../runtime/index.js';

const TASK = { installed: {}, manifest: { limits: {}, grants: {}, config: {} } };

function scene() {
  const written: StateChange[] = [];
  const removed: string[] = [];
  const next = { isThere: false, comes: (): void => void (next.isThere = true) };
  let whenWritten = (): void => undefined;
  const parts = {
    job: { value: { place: { group: 1, run: 0 }, attempt: 1, task: TASK } },
    provider: 'shed',
    files: {
      keep: () => Promise.resolve({ digest: 'a', base: undefined, bytes: 1 }),
      remove: (digest: string) => Promise.resolve(void removed.push(digest)),
    },
    points: { of: () => undefined },
    journal: {
      write: (changes: readonly StateChange[], settled: (results: readonly unknown[]) => void) => {
        written.push(...changes);
        whenWritten();
        settled(changes.map(() => ({ kind: 'committed' })));
      },
    },
    durable: () => Promise.resolve(),
    log: createLog('silent'),
    isOvertaken: () => next.isThere,
    notes: () => [],
    end: () => Promise.resolve(),
  };
  const terms = { pointMs: 1, reclaimMs: 1, isForHere: true, expectedFuel: 0 };
  const content = { anchor: encodeCheckpoint(aCheckpoint()) };
  const record = { id: 'e/long#1', task: 'long', stub: NEW_RUN, content, terms, why: '' };
  const stubs = new KeptStubs(parts as never, record);
  const drops = (): number => written.filter(({ dropsMove }) => dropsMove !== undefined).length;
  return { stubs, record, removed, drops, next, onWrite: (then: () => void) => (whenWritten = then) };
}

t.test('its row and its file go when it moves no more', async (t) => {
  const { stubs, record, removed, drops } = scene();
  await stubs.keep(record);
  await stubs.forget();
  t.equal(drops(), 1);
  t.same(removed, ['a']);
});

t.test('they stay when it moves again', async (t) => {
  const { stubs, record, removed, drops, next } = scene();
  await stubs.keep(record);
  next.comes();
  await stubs.forget();
  t.equal(drops(), 0);
  t.same(removed, []);
});

t.test('the file stays when it moves again while the row goes', async (t) => {
  const { stubs, record, removed, next, onWrite } = scene();
  await stubs.keep(record);
  onWrite(next.comes);
  await stubs.forget();
  t.same(removed, []);
});
