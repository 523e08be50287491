import { Quarantine } from '../quarantine/index.js';
import { RetryWaits } from '../retries/index.js';
import type { Failures, Rooms } from './rooms.js';

export function makeFailures({ around, queues, writing }: Pick<Rooms, 'around' | 'queues' | 'writing'>): Failures {
  const { counts, observe, timer, clock } = around;
  const { registry, scheduler, lanes } = queues;
  const { journal } = writing;
  const retries = new RetryWaits({
    timer,
    clock,
    due: (job) => {
      scheduler.unpark(job);
      scheduler.pump();
    },
  });
  const quarantine = new Quarantine({
    journal,
    timer,
    clock,
    counts,
    observe,
    // What a version does that was replaced says nothing of the one in force.
    admit: (task, runs) => (registry.isInForce(task) ? lanes.get(task)?.admit(runs) : undefined),
    released: () => scheduler.pump(),
  });
  return { retries, quarantine };
}
