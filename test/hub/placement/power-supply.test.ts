import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { watchPower } from '../../../hub/commands/watch-power.js';
import { isOnBattery, type PowerSupply } from '../../../hub/placement/index.js';
import { until } from '../../runtime/eventually.js';

function supply(type: string, fields: Partial<PowerSupply>): PowerSupply {
  return { type, online: undefined, status: undefined, scope: undefined, ...fields };
}

t.test('a machine is on battery when one of its own discharges and nothing else gives power', (t) => {
  const [plugged, pulled] = [supply('Mains', { online: '1' }), supply('Mains', { online: '0' })];
  const [draining, full] = [supply('Battery', { status: 'Discharging' }), supply('Battery', { status: 'Full' })];
  const cases: readonly (readonly [string, readonly PowerSupply[], boolean])[] = [
    ['a board without any supply that it knows of', [], false],
    ['a laptop on mains', [plugged, full], false],
    ['a laptop on mains whose battery is being calibrated', [plugged, draining], false],
    ['a laptop whose cable was pulled', [pulled, draining], true],
    ['a tablet, charged over USB', [supply('USB', { online: '1' }), draining], false],
    ['a UPS in a cut', [supply('UPS', { status: 'Discharging' })], true],
    ['a board with a mouse that has a battery', [supply('Battery', { status: 'Discharging', scope: 'Device' })], false],
    ['a battery whose driver knows nothing', [supply('Battery', { status: 'Unknown' })], false],
  ];
  for (const [what, supplies, expected] of cases) t.equal(isOnBattery(supplies), expected, what);
  t.end();
});

t.test('a cable that is pulled is told once, and so is one that is back', async (t) => {
  const dir = t.testdir({ AC: { type: 'Mains\n', online: '1\n' }, BAT0: { type: 'Battery\n', status: 'Full\n' } });
  const told: boolean[] = [];
  let looks = 0;
  let again: () => void = () => undefined;
  const timer = {
    after: (_ms: number, then: () => void) => {
      looks++;
      again = then;
      return () => (again = () => undefined);
    },
  };
  const end = watchPower({ dir, timer, changed: (onBattery) => told.push(onBattery) });
  const look = async (online: string, status: string): Promise<void> => {
    const before = looks;
    writeFileSync(join(dir, 'AC', 'online'), online);
    writeFileSync(join(dir, 'BAT0', 'status'), status);
    again();
    await until('it has looked', 5_000, () => looks > before);
  };
  await until('it has looked at once', 5_000, () => looks === 1);
  t.strictSame(told, [], 'on mains, there is nothing to tell');
  await look('0\n', 'Discharging\n');
  await look('0\n', 'Discharging\n');
  await look('1\n', 'Charging\n');
  t.strictSame(told, [true, false]);
  end();
  again();
  t.equal(looks, 4, 'nothing is looked at after the end');
  mkdirSync(join(dir, 'none'));
  const endNone = watchPower({ dir: join(dir, 'none'), timer, changed: (onBattery) => told.push(onBattery) });
  await until('it has looked where there is nothing', 5_000, () => looks === 5);
  endNone();
  t.equal(told.length, 2);
});
