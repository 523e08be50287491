/** What is kept of a stub is read as it was written, or not at all. */
import t from 'tap';
import { readStub, writeStub, type StubText } from '../../../hub/migration/stub-text.js';
import { NEW_RUN } from '../../../provider/protocol/responsibility/index.js';

const STUB = {
  stub: NEW_RUN,
  terms: { pointMs: 1, reclaimMs: 1, isForHere: true, expectedFuel: 0 },
  why: 'by hand',
  result: { runId: 'e/long', outcome: { kind: 'completed' }, effects: [] },
  notes: [],
} as unknown as StubText;

t.test('a stub with its result is read as it was written', async (t) => {
  t.match(readStub(writeStub(STUB)), STUB);
});

t.test('one whose result this engine cannot read is of no use, and no fault', async (t) => {
  const text = JSON.stringify({ ...JSON.parse(writeStub(STUB)), result: Buffer.from([0xff, 0xfe]).toString('base64') });
  t.equal(readStub(text), undefined);
});
