/** Where a run is, as a person is told. */
import t from 'tap';
import type { MigrationStatus } from '../../../../provider/protocol/migration/index.js';
import { statusOf } from '../../../../provider/protocol/migration/status.js';
import { NEW_RUN, type State } from '../../../../provider/protocol/responsibility/index.js';

const EXECUTING: State = { ...NEW_RUN, linked: true, point: 3, common: 3 };

function statusIn(state: Partial<State>): MigrationStatus {
  return statusOf({ ...EXECUTING, ...state }, { isExecuting: true, why: '', isDropped: false, fuel: 0 });
}

t.test('the lag is in points that the other side is not known to hold', (t) => {
  t.equal(statusIn({}).lag, 0);
  t.equal(statusIn({ point: 5 }).lag, 2);
  t.equal(statusIn({ point: 5, base: 4, common: -1 }).lag, 1);
  // Who does not execute has nothing to say.
  t.equal(statusIn({ epoch: 1, point: 5, common: -1 }).lag, 0);
  t.end();
});

t.test('a run is where its epoch says', (t) => {
  t.equal(statusIn({ epoch: 0 }).executes, 'hub');
  t.equal(statusIn({ epoch: 1 }).executes, 'provider');
  t.end();
});

t.test('nobody is responsible while responsibility is handed over', (t) => {
  t.equal(statusIn({}).responsible, 'hub');
  const open = [{ point: 4, responsible: 'provider' }] as const;
  t.equal(statusIn({ point: 4, open }).responsible, undefined);
  t.equal(statusIn({ point: 4, common: 4, agreed: 'provider' }).responsible, 'provider');
  t.equal(statusIn({ epoch: 1, responsible: 'provider' }).responsible, 'provider');
  t.end();
});

t.test('a run is over with its outcome, or when its stub is dropped', (t) => {
  t.equal(statusIn({}).isOver, false);
  t.equal(statusIn({ over: true }).isOver, true);
  const dropped = { isExecuting: false, why: '', isDropped: true, fuel: 0 };
  t.equal(statusOf(EXECUTING, dropped).isOver, true);
  t.end();
});
