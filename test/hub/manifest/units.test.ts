import t from 'tap';
import { parseBytes, parseDurationMs, parseFuel } from '../../../hub/manifest/units.js';

const amount = (parsed: ReturnType<typeof parseFuel>): number | undefined => (parsed.ok ? parsed.amount : undefined);

t.test('fuel is a number, or one with a power of 1000', (t) => {
  t.equal(amount(parseFuel(250_000)), 250_000);
  t.equal(amount(parseFuel('250000')), 250_000);
  t.equal(amount(parseFuel('250k')), 250_000);
  t.equal(amount(parseFuel('1.5M')), 1_500_000);
  t.equal(amount(parseFuel('2 G')), 2_000_000_000);
  for (const wrong of [0, -1, 1.5, NaN, Infinity, '', 'k', '1m', '1 0M', '-5', '1e9', '100X', '99999999999999999G']) {
    t.equal(amount(parseFuel(wrong)), undefined, `${wrong}`);
  }
  t.end();
});

t.test('a size needs a unit: KiB is 1024 bytes, kB is 1000', (t) => {
  t.equal(amount(parseBytes('512 B')), 512);
  t.equal(amount(parseBytes('256 KiB')), 262_144);
  t.equal(amount(parseBytes('16MiB')), 16_777_216);
  t.equal(amount(parseBytes('1 GiB')), 1_073_741_824);
  t.equal(amount(parseBytes('1 kB')), 1_000);
  t.equal(amount(parseBytes('2 MB')), 2_000_000);
  for (const wrong of [16, '16', '16 mib', '0 B', '0.4 B', 'constructor', '1 constructor']) {
    t.equal(amount(parseBytes(wrong)), undefined, `${wrong}`);
  }
  t.end();
});

t.test('a duration needs a unit and comes in milliseconds', (t) => {
  t.equal(amount(parseDurationMs('250 ms')), 250);
  t.equal(amount(parseDurationMs('20s')), 20_000);
  t.equal(amount(parseDurationMs('0.5 s')), 500);
  t.equal(amount(parseDurationMs('5 min')), 300_000);
  t.equal(amount(parseDurationMs('1 h')), 3_600_000);
  for (const wrong of [3, '3', '3 m', '0 s', '1 day']) t.equal(amount(parseDurationMs(wrong)), undefined, `${wrong}`);
  t.end();
});

t.test('what would be right is said with an example', (t) => {
  t.match(parseBytes('16'), { ok: false, expected: /"16 MiB"/ });
  t.match(parseFuel('x'), { ok: false, expected: /"100M"/ });
  t.match(parseDurationMs('x'), { ok: false, expected: /"3 s"/ });
  t.end();
});
