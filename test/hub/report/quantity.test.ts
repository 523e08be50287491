import t from 'tap';
import { bytesText, durationText, fuelText } from '../../../hub/report/quantity.js';

t.test('amounts have a unit and no more digits than mean something', async (t) => {
  t.strictSame([0, 950, 1_000, 12_345, 999_950, 100_000_000].map(fuelText), [
    '0',
    '950',
    '1.00 k',
    '12.3 k',
    '1.00 M',
    '100 M',
  ]);
  t.strictSame([0, 1_023, 1_024, 65_536, 1_572_864].map(bytesText), [
    '0 B',
    '1023 B',
    '1.00 KiB',
    '64.0 KiB',
    '1.50 MiB',
  ]);
  t.strictSame([0.021, 1, 12.34, 999.7, 1_200].map(durationText), ['0.02 ms', '1 ms', '12.3 ms', '1.00 s', '1.20 s']);
  t.strictSame([119_900, 150_000, 7_140_000, 10_800_000].map(durationText), ['120 s', '2.5 min', '119.0 min', '3.0 h']);
});
