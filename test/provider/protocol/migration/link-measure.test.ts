/** What the points of a run say of the link they go over. */
import t from 'tap';
import { LinkMeasure } from '../../../../provider/protocol/migration/link-measure.js';

const MINUTE_MS = 60_000;

t.test('small points say how long a round trip takes, large ones how much fits through', (t) => {
  const measure = new LinkMeasure();
  measure.sent(1, { bytes: 100, nowMs: 0 });
  measure.held(1, 30);
  measure.sent(2, { bytes: 1_000_000, nowMs: 100 });
  measure.held(2, 100 + 30 + 200);
  t.equal(measure.holdMs(0), 30);
  t.equal(measure.holdMs(500_000), 30 + 100);
  t.end();
});

t.test('a point that is sent again is measured from the first time', (t) => {
  const measure = new LinkMeasure();
  measure.sent(1, { bytes: 100, nowMs: 0 });
  measure.sent(1, { bytes: 100, nowMs: 900 });
  measure.held(1, 1_000);
  t.equal(measure.holdMs(0), 1_000);
  t.end();
});

t.test('what was under way when the link was lost says nothing', (t) => {
  const measure = new LinkMeasure();
  const before = measure.holdMs(0);
  measure.sent(1, { bytes: 100, nowMs: 0 });
  measure.lost(10);
  measure.held(1, 90_000);
  t.equal(measure.holdMs(0), before);
  t.end();
});

t.test('a link is as often lost as it was in the last ten minutes', (t) => {
  const measure = new LinkMeasure();
  t.equal(measure.lossesPerMs, 0);
  measure.lost(0);
  measure.lost(5 * MINUTE_MS);
  t.equal(measure.lossesPerMs, 2 / (10 * MINUTE_MS));
  measure.sent(1, { bytes: 1, nowMs: 12 * MINUTE_MS });
  t.equal(measure.lossesPerMs, 1 / (10 * MINUTE_MS));
  t.end();
});

t.test('a lost link takes as long as it took before, the latest time most', (t) => {
  const measure = new LinkMeasure();
  measure.found(0);
  t.equal(measure.outageMs, 10_000, 'of one that was never lost nobody knows');
  measure.lost(1_000);
  measure.lost(2_000);
  measure.found(5_000);
  t.equal(measure.outageMs, 4_000);
  measure.lost(10_000);
  measure.found(30_000);
  t.equal(measure.outageMs, 12_000);
  t.end();
});
