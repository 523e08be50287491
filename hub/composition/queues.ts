import { Lanes } from '../intake/index.js';
import type { PendingRun } from '../pending-run.js';
import { Registry } from '../registry/index.js';
import { Scheduler } from '../scheduler/index.js';
import type { Queues, Rooms } from './rooms.js';

export function makeQueues({ around, foundation }: Pick<Rooms, 'around' | 'foundation'>): Queues {
  const { placement, late } = around;
  const { runtime } = foundation;
  const scheduler = new Scheduler<PendingRun>({
    slots: () => runtime.idleSlots,
    start: (job) => late.parts.executor.start(job),
    threads: { haveRoom: () => late.parts.looks.haveRoom(), areHeld: () => late.parts.looks.areHeld() },
    expiry: {
      isOver: (run) => late.parts.dispatch.isOver(run),
      drop: (run) => late.parts.dispatch.drop(run, 'expired'),
    },
  });
  const lanes = new Lanes(
    (lane) => scheduler.createLane(lane),
    placement && ((task, ready) => placement.gateOf(task, ready)),
    placement && ((lane) => late.parts.migrations.awayIn(lane)),
  );
  return { registry: new Registry(), scheduler, lanes };
}
