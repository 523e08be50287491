import t from 'tap';
import {
  CheckpointFault,
  CheckpointTooLarge,
  encodeCheckpoint,
  mostCheckpointBytes,
  openCheckpoint,
  packCheckpoint,
  RUNTIME_BOUNDS,
  unpackCheckpointAside,
} from '../../../runtime/index.js';
import { aCheckpoint, page } from './a-checkpoint.js';
import { bombOf } from './bomb.js';

const MiB = 1024 * 1024;
const checkpoint = aCheckpoint();
const bytes = encodeCheckpoint(checkpoint);
const most = mostCheckpointBytes(checkpoint.request);

t.test('what is too large is refused before it is unpacked', async (t) => {
  const bomb = bombOf(bytes, 400);
  t.ok(bomb.length < MiB / 2);
  const [before, sinceMs] = [process.memoryUsage().rss, performance.now()];
  await t.rejects(unpackCheckpointAside(bomb, most), CheckpointTooLarge);
  await t.rejects(openCheckpoint(bomb, Infinity), {
    message: /it may have \d+ bytes when it is unpacked: it has 4\d{8}/,
  });
  await t.rejects(openCheckpoint(packCheckpoint(bytes), 100), CheckpointTooLarge, 'whatever it says of itself');
  t.ok(process.memoryUsage().rss - before < 150 * MiB, 'memory');
  t.ok(performance.now() - sinceMs < 5_000, 'time');
});

t.test('what says that it is small is unpacked no further', async (t) => {
  const liar = bombOf(bytes, 400, 1_000_000);
  for (const opened of [unpackCheckpointAside(liar, most), openCheckpoint(liar, Infinity)]) {
    await t.rejects(opened, { name: 'CheckpointFault', message: 'the checkpoint cannot be unpacked' });
  }
});

t.test('what has no end of a beginning is looked at no further', async (t) => {
  const { request } = checkpoint;
  const payload = new Uint8Array(64 * MiB);
  const endless = { ...checkpoint, request: { ...request, event: { ...request.event, payload } } };
  await t.rejects(openCheckpoint(packCheckpoint(encodeCheckpoint(endless)), Infinity), CheckpointFault);
});

t.test('what a run can have come to is opened, packed or not', async (t) => {
  for (const each of [bytes, packCheckpoint(bytes)]) t.same(await openCheckpoint(each, Infinity), bytes);
  const { guest, collected, request } = checkpoint;
  const { limits, grants } = request;
  const pages = Array.from({ length: limits.memoryBytes / 4_096 }, (_, index) => page(index, index % 251));
  const [bucket = ''] = Object.values(grants.buckets).map(({ id }) => id);
  const read = { bucket, version: 1, value: new Uint8Array(RUNTIME_BOUNDS.readBytes / 4), isRecorded: false };
  const full = encodeCheckpoint({
    ...checkpoint,
    collected: { ...collected, reads: ['a', 'b', 'c', 'd'].map((key) => ({ ...read, key })) },
    guest: { ...guest, memories: [{ length: limits.memoryBytes, pages }] },
  });
  t.ok(full.length <= most, `${full.length} of ${most}`);
  t.equal((await openCheckpoint(packCheckpoint(full), Infinity)).length, full.length);
});
