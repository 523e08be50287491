import t from 'tap';
import { LateParts } from '../../../hub/composition/index.js';

function bound(): { readonly late: LateParts; readonly called: string[] } {
  const called: string[] = [];
  const call = (name: string) => (): undefined => void called.push(name);
  const late = new LateParts();
  late.bind({
    dispatch: { drop: call('drop'), ended: call('runs are over'), isOver: () => false },
    intake: { roomMade: call('events that were held') },
    schedules: { roomMade: call('firings that waited') },
    executor: { cancel: call('cancel'), endParked: call('end'), giveUp: call('give up'), start: call('start') },
    drained: { check: call('whether all is done') },
    looks: { areHeld: () => false, haveRoom: () => true },
    migrations: { awayIn: () => 0 },
    changes: { check: call('versions that leave') },
  });
  return { late, called };
}

t.test('no part is reached before all are made', (t) => {
  const late = new LateParts();
  t.throws(() => late.parts, { message: 'Cannot call a part of the hub before all are made' });
  t.throws(() => late.runsEnded([]), { message: 'Cannot call a part of the hub before all are made' });
  t.end();
});

t.test('runs that end are over before others are let in in their place', (t) => {
  const { late, called } = bound();
  late.runsEnded([]);
  const room = ['events that were held', 'firings that waited', 'whether all is done'];
  t.same(called, ['runs are over', 'versions that leave', ...room]);
  called.length = 0;
  late.roomMade();
  t.same(called, room);
  t.end();
});
