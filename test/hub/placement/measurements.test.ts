import t from 'tap';
import { Measurements } from '../../../hub/placement/measurements.js';

t.test('a first run of next to nothing does not say how long a large one takes', (t) => {
  const measurements = new Measurements();
  for (const wallMs of [15, 10]) measurements.noteSpeed('local', 'a', { fuel: 10_000, wallMs }, 0);
  t.equal(measurements.speedOf('local', 'a', 20_000_000, 0).isMeasured, false);
  t.match(measurements.speedOf('local', 'a', 10_000, 0), { isMeasured: true, fuelPerMs: 1_000 });
  for (let run = 0; run < 2; run++) measurements.noteSpeed('local', 'a', { fuel: 20_000_000, wallMs: 10 }, 0);
  t.match(measurements.speedOf('local', 'a', 20_000_000, 0), { isMeasured: true, fuelPerMs: 2_000_000 });
  t.match(measurements.speedOf('local', 'a', 10_000, 0), { isMeasured: true, fuelPerMs: 1_000 });
  t.end();
});

t.test('one short run alone does not say how long the next one takes: it was the first', (t) => {
  const measurements = new Measurements();
  measurements.noteSpeed('local', 'a', { fuel: 10_000, wallMs: 10 }, 0);
  t.equal(measurements.speedOf('local', 'a', 10_000, 0).isMeasured, false);
  measurements.noteSpeed('local', 'a', { fuel: 10_000, wallMs: 0.1 }, 0);
  const { fuelPerMs, isMeasured } = measurements.speedOf('local', 'a', 10_000, 0);
  t.strictSame([Math.round(fuelPerMs), isMeasured], [100_000, true]);
  measurements.noteSpeed('local', 'b', { fuel: 20_000_000, wallMs: 100 }, 0);
  t.equal(measurements.speedOf('local', 'b', 20_000_000, 0).isMeasured, true, 'a long one does');
  t.end();
});

t.test('many small runs do not make what is known of large ones forgotten', (t) => {
  const measurements = new Measurements();
  measurements.noteSpeed('local', 'a', { fuel: 20_000_000, wallMs: 100 }, 0);
  for (let ms = 0; ms < 60_000; ms += 100) measurements.noteSpeed('local', 'a', { fuel: 10_000, wallMs: 0.1 }, ms);
  const { fuelPerMs, isMeasured } = measurements.speedOf('local', 'a', 20_000_000, 60_000);
  t.strictSame([Math.round(fuelPerMs), isMeasured], [200_000, true]);
  t.end();
});
