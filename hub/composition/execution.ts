import { Drained, Executor } from '../execution/index.js';
import type { Execution, Rooms } from './rooms.js';

type ExecutionNeeds = Pick<Rooms, 'around' | 'foundation' | 'queues' | 'writing' | 'failures' | 'long' | 'eventsIn'>;

export function makeExecution(needs: ExecutionNeeds): Execution {
  const { counts, observe, clock, log, late } = needs.around;
  const { runtime, keepsRecords } = needs.foundation;
  const { registry, scheduler } = needs.queues;
  const { journal, outbox } = needs.writing;
  const { quarantine, retries } = needs.failures;
  const { parking, looks } = needs.long;
  const { dispatch, ownPublishes } = needs.eventsIn;
  const executor = new Executor({
    runtime,
    parking,
    threads: looks,
    journal,
    outbox,
    scheduler,
    // What wakes nobody here is not to come back.
    willPublish: (message, { chain, task }) => {
      if (registry.match(message.topic).length > 0) ownPublishes.note(message, [...chain, task.manifest.name]);
    },
    counts,
    observe,
    log,
    records: keepsRecords,
    clock,
    retries,
    ran: ({ task }, how, probe) => (registry.isInForce(task) ? quarantine.ended(task, how, probe) : undefined),
    waits: (run) => dispatch.waits(run),
    runsEnded: (runs) => late.runsEnded(runs),
  });
  // What waits for its next attempt, or in a quarantine, waits for longer than a hub that is to stop.
  const drained = new Drained(() => (scheduler.isQuiet ? 0 : dispatch.runs));
  return { executor, drained };
}
