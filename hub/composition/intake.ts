import { DeadLetters } from '../dead-letters/index.js';
import { Deliveries, Dispatch, Intake } from '../intake/index.js';
import { OwnPublishes } from '../loops/index.js';
import { Schedules } from '../schedules/index.js';
import type { EventsIn, Rooms } from './rooms.js';

interface IntakeNeeds extends Pick<Rooms, 'around' | 'foundation' | 'queues' | 'writing' | 'failures' | 'long'> {
  /** See `HubOptions`. */
  readonly zone: string | undefined;
  readonly newEventId: () => string;
  readonly newSeed: () => number;
}

export function makeIntake(needs: IntakeNeeds): EventsIn {
  const { counts, observe, timer, clock, log, late } = needs.around;
  const { store } = needs.foundation;
  const { registry, scheduler, lanes } = needs.queues;
  const { journal, devices } = needs.writing;
  const { quarantine, retries } = needs.failures;
  const { parking, migrations } = needs.long;
  const { newEventId, newSeed, zone = Intl.DateTimeFormat().resolvedOptions().timeZone } = needs;
  const ownPublishes = new OwnPublishes(timer);
  const deliveries = new Deliveries(store.deliveries());
  const dispatch = new Dispatch({
    scheduler,
    lanes,
    journal,
    counts,
    observe,
    timer,
    clock,
    quarantine,
    cancel: (task, key) => late.parts.executor.cancel(task, key),
    giveUp: (task, key) => late.parts.executor.giveUp(task, key),
    madeRoom: () => late.roomMade(),
  });
  const intake = new Intake({
    registry,
    scheduler,
    dispatch,
    ownPublishes,
    journal,
    deliveries,
    retries,
    quarantine,
    parking,
    migrations,
    devices,
    counts,
    clock,
    observe,
    timer,
    newEventId,
    newSeed,
  });
  const schedules = new Schedules({ intake, journal, clock, timer, zone, counts, observe, log }, store.schedules());
  const letters = new DeadLetters({ store, journal, intake });
  return { ownPublishes, deliveries, dispatch, intake, schedules, letters };
}
