/** Runs that the runtime cannot execute, as it is closed or full: whoever asked something of them hears of no fault. */
import t from 'tap';
import { parkedRuns } from './parked-runs.js';

const CLOSED = new Error('The runtime is closed');

t.test('one that was to stand still or was asked for cannot be executed: its end alone says so', async (t) => {
  const { parking, submit, given, faults } = parkedRuns();
  await submit('e/a');
  t.same(parking.park('e/a', 'priority'), { ok: true });
  const lent = parking.lend('e/a');
  given[0]?.fail(CLOSED);
  t.equal(await lent, undefined);
  t.same(faults, [CLOSED]);
});
