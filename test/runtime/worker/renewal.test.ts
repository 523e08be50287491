import t from 'tap';
import { RUNTIME_BOUNDS } from '../../../runtime/limits.js';
import { Renewal } from '../../../runtime/worker/renewal.js';

/** What events take: to make an instance, and to put it back, or that it cannot be. */
interface Guest {
  readonly makeMs: number;
  readonly putBackMs: number | 'cannot';
}

/** Does as the executor does for `count` events. @returns how many instances were made. */
function renew(renewal: Renewal, count: number, { makeMs, putBackMs }: Guest): number {
  let made = 0;
  let kept = false;
  for (let i = 0; i < count; i++) {
    let saved = kept;
    if (!kept) {
      made++;
      renewal.made(makeMs);
      saved = renewal.keepsNext;
    }
    kept = false;
    if (!saved) renewal.spent(makeMs);
    else if (putBackMs === 'cannot') renewal.failed();
    else {
      renewal.succeeded();
      renewal.spent(putBackMs);
      kept = renewal.keeps;
    }
  }
  return made;
}

t.test('an instance is put back for ever where making one could not pay', (t) => {
  const renewal = new Renewal();
  t.equal(renew(renewal, 10_000, { makeMs: 5, putBackMs: 1 }), 1);
  t.equal(renew(renewal, 10_000, { makeMs: 5, putBackMs: 9 }), 1, 'a little dearer is not worth a trial');
  t.end();
});

t.test('where putting back has proved to take twice as long, each event gets a new one', (t) => {
  const renewal = new Renewal();
  const made = renew(renewal, 10_000, { makeMs: 5, putBackMs: 30 });
  t.ok(made > 9_500, `${made} of 10,000`);
  t.end();
});

t.test('what making takes is the mean of many, not the best of one', (t) => {
  const renewal = new Renewal();
  renewal.made(0.1);
  renew(renewal, 64, { makeMs: 20, putBackMs: 10 });
  const made = renew(renewal, 10_000, { makeMs: 20, putBackMs: 10 });
  t.ok(made > 0, 'it was tried');
  t.ok(made < 200, `${made} of 10,000, ever more rarely`);
  t.end();
});

t.test('what was changed is changed back when it no longer pays', (t) => {
  const renewal = new Renewal();
  renew(renewal, 1_000, { makeMs: 1, putBackMs: 30 });
  t.notOk(renewal.keeps);
  renew(renewal, 10_000, { makeMs: 1, putBackMs: 0.1 });
  t.ok(renewal.keeps);
  t.equal(renew(renewal, 1_000, { makeMs: 1, putBackMs: 0.1 }), 1);
  t.end();
});

t.test('a guest that grows at each event has its instances made without what putting back needs', (t) => {
  const renewal = new Renewal();
  t.equal(renew(renewal, 1_000, { makeMs: 1, putBackMs: 'cannot' }), 1_000);
  t.notOk(renewal.keeps);
  t.ok(renew(renewal, 200, { makeMs: 1, putBackMs: 0.1 }) <= 66, 'once it no longer grows, one is kept');
  t.ok(renewal.keeps);
  t.end();
});

t.test('one event that grows, or one slow measurement, changes nothing', (t) => {
  const renewal = new Renewal();
  renew(renewal, 50, { makeMs: 5, putBackMs: 1 });
  renew(renewal, 1, { makeMs: 5, putBackMs: 'cannot' });
  t.ok(renewal.keeps);
  renewal.spent(40); // the machine was busy
  t.ok(renewal.keeps);
  t.end();
});

t.test('small memories are not measured', (t) => {
  t.equal(Renewal.isWorthMeasuring(RUNTIME_BOUNDS.measuredResetBytes - 1), false);
  t.equal(Renewal.isWorthMeasuring(RUNTIME_BOUNDS.measuredResetBytes), true);
  t.end();
});
