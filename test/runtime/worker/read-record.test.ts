import t from 'tap';
import { RUNTIME_BOUNDS } from '../../../runtime/limits.js';
import type { Read, RunResult } from '../../../runtime/task.js';
import { ReadRecord } from '../../../runtime/worker/read-record.js';
import { packResults, unpackResults } from '../../../runtime/worker/wire-codec.js';

const { recordedReadBytes } = RUNTIME_BOUNDS;

t.test('values are kept up to the bound, and none after the first that is not', (t) => {
  const record = new ReadRecord();
  t.ok(record.takes(recordedReadBytes));
  t.equal(record.fault, undefined);
  t.notOk(record.takes(1));
  t.equal(record.fault, `it read more than ${recordedReadBytes} bytes of state`);
  t.notOk(record.takes(0));
  t.end();
});

t.test('a page is kept once, and counts with its keys', (t) => {
  const record = new ReadRecord();
  const page = { bucket: 'b', after: undefined, limit: 3, keys: ['a', 'b'] };
  t.equal(record.pages, undefined);
  for (let i = 0; i < 100_000; i++) record.page(page);
  record.page({ ...page, after: '' });
  record.page({ ...page, limit: 4 });
  t.strictSame(record.pages, [page, { ...page, after: '' }, { ...page, limit: 4 }]);
  t.equal(record.fault, undefined);
  for (let i = 0; i < 100_000; i++) record.page({ ...page, limit: i, keys: [] });
  t.ok((record.pages?.length ?? 0) < recordedReadBytes / 16);
  t.match(record.fault, /^it read more than/);
  t.end();
});

t.test('what a run read crosses between threads as it was', (t) => {
  const reads: Read[] = [
    { bucket: 'b', key: 'none', version: 0 },
    { bucket: 'b', key: 'k', version: 2, value: new Uint8Array([1, 2]) },
    { bucket: 'b', key: 'empty', version: 3, value: new Uint8Array() },
    { bucket: 'b', key: 'not recorded', version: 4 },
  ];
  const usage = { fuel: 1, peakMemoryBytes: 2, wallMs: 3, hostMs: 4, outputBytes: 5, logBytes: 6 };
  const plain: Omit<RunResult, 'runId'> = {
    outcome: { kind: 'completed' },
    effects: [{ kind: 'set', bucket: 'b', key: 'k', value: new Uint8Array([9]) }],
    reads,
    log: [],
    droppedLogLines: 0,
    usage,
  };
  const listing = {
    ...plain,
    listed: [{ bucket: 'b', version: 7 }],
    pages: [{ bucket: 'b', after: 'a', limit: 2, keys: ['b'] }],
    unrecorded: 'too much',
  };
  t.same(
    unpackResults(
      packResults([
        [0, plain],
        [5, listing],
      ]),
    ),
    [
      [0, plain],
      [5, listing],
    ],
  );
  t.end();
});
