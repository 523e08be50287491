import { t } from 'tap';
import {
  applyDelta,
  checkpointDigest,
  decodeCheckpoint,
  deltaOf,
  describeCheckpoint,
  encodeCheckpoint,
  type Checkpoint,
} from '../../../runtime/index.js';
import { aCheckpoint, page } from './a-checkpoint.js';

const withPages = (...pages: ReturnType<typeof page>[]): Checkpoint => {
  const { guest } = aCheckpoint();
  return aCheckpoint({ guest: { ...guest, memories: [{ length: 131_072, pages }] } });
};

const named = (checkpoint: Checkpoint): { checkpoint: Checkpoint; digest: string } => {
  return { checkpoint, digest: checkpointDigest(encodeCheckpoint(checkpoint)) };
};

t.test('a difference has the pages that changed, and makes the later one of the earlier', (t) => {
  const earlier = withPages(page(0, 1), page(3, 3), page(9, 9));
  const later = withPages(page(0, 1), page(3, 4), page(12, 5));
  const delta = decodeCheckpoint(encodeCheckpoint(deltaOf(later, named(earlier))));
  t.same(
    delta.guest.memories[0]?.pages.map(({ index, bytes }) => [index, bytes?.[0]]),
    [
      [3, 4],
      [9, undefined],
      [12, 5],
    ],
  );
  t.same(applyDelta(delta, named(earlier)), later);
  t.equal(describeCheckpoint(encodeCheckpoint(delta)).pageBytes, 2 * 4096);
  t.equal(describeCheckpoint(encodeCheckpoint(later)).pageBytes, 3 * 4096);
  t.end();
});

t.test('a difference is applied to nothing but what it is a difference to', (t) => {
  const earlier = withPages(page(0, 1));
  const delta = deltaOf(withPages(page(0, 2)), named(earlier));
  t.throws(() => applyDelta(delta, named(withPages(page(0, 3)))), /a difference to [0-9a-f]{64}, and was applied to/);
  t.throws(() => applyDelta(earlier, named(earlier)), /it is no difference/);
  t.throws(() => applyDelta({ ...delta, base: named(delta).digest }, named(delta)), /is itself one/);
  t.end();
});
