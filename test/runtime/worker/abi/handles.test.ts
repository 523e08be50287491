import t from 'tap';
import { RUNTIME_BOUNDS } from '../../../../runtime/limits.js';
import { AbiFault } from '../../../../runtime/worker/abi/abi-fault.js';
import { Handles } from '../../../../runtime/worker/abi/handles.js';

const BUCKET = 'wasi:keyvalue/store/bucket';
const STREAM = 'wasi:io/streams/output-stream';

t.test('a handle is good for its own type only', (t) => {
  const handles = new Handles();
  const bucket = handles.add(BUCKET, 'a');
  t.equal(handles.get(BUCKET, bucket), 'a');
  t.throws(() => handles.get(STREAM, bucket), { name: 'AbiFault', message: /is a wasi:keyvalue\/store\/bucket/ });
  t.throws(() => handles.remove(STREAM, bucket), AbiFault, 'nor can it be given up as another');
  t.equal(handles.remove(BUCKET, bucket), 'a');
  for (const never of [0, bucket, bucket + 1, -1, 2 ** 32]) t.throws(() => handles.get(BUCKET, never), AbiFault);
  t.end();
});

t.test('as many handles as the bound are held, and not one more', (t) => {
  const handles = new Handles();
  for (let i = 0; i < RUNTIME_BOUNDS.handles; i++) handles.add(BUCKET, i);
  t.equal(handles.live, RUNTIME_BOUNDS.handles);
  t.throws(() => handles.add(STREAM, 0), AbiFault);
  handles.remove(BUCKET, 1);
  t.equal(handles.add(STREAM, 'again'), 1, 'what was given up is given out again');
  t.end();
});

t.test('a reset puts back what start functions left, in the same order of handles', (t) => {
  const handles = new Handles();
  const kept = handles.add(STREAM, 'stdout');
  handles.keep();
  const order = [handles.add(BUCKET, 1), handles.add(BUCKET, 2)];
  handles.remove(STREAM, kept);
  handles.reset();
  t.equal(handles.get(STREAM, kept), 'stdout');
  t.equal(handles.live, 1);
  t.strictSame([handles.add(BUCKET, 3), handles.add(BUCKET, 4)], order);
  t.end();
});

t.test('a guest whose memory lasts keeps its streams, and nothing that was granted', (t) => {
  const handles = new Handles();
  const stream = handles.add(STREAM, 'stdout');
  const bucket = handles.add(BUCKET, 'a');
  handles.endRun();
  t.equal(handles.get(STREAM, stream), 'stdout');
  t.throws(() => handles.get(BUCKET, bucket), AbiFault);
  t.equal(handles.live, 1);
  t.end();
});
