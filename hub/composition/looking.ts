import { join } from 'node:path';
import { Control } from '../control/index.js';
import { isWaiting, waitingEvents, type QueueOfTask } from '../intake/index.js';
import { Resumabilities } from '../parking/index.js';
import { RunHistory } from '../records/index.js';
import { Backups, StateView } from '../store/index.js';
import type { Rooms } from './rooms.js';

interface LookingNeeds extends Rooms {
  readonly dataDir: string;
}

/** What waits for each task, and the state. */
interface View {
  readonly queue: readonly QueueOfTask[];
  /** Events that are with the broker until there is room in the hub. */
  readonly heldForRoom: number;
  /** Whether a run waits that has not begun. */
  isWaiting(runId: string): boolean;
  readonly state: StateView;
}

/** For who looks at a hub that runs, and asks it to do something. */
export interface Looking {
  readonly control: Control;
  readonly view: View;
  /** Undefined when no records are kept. */
  readonly history: RunHistory | undefined;
  readonly resumabilities: Resumabilities;
  readonly backups: Backups;
}

export function makeLooking(needs: LookingNeeds): Looking {
  const { placement, counts, clock } = needs.around;
  const { file, store, archive, components, keepsRecords } = needs.foundation;
  const { registry, scheduler, lanes } = needs.queues;
  const { journal } = needs.writing;
  const { quarantine } = needs.failures;
  const { dispatch, intake, schedules, letters } = needs.eventsIn;
  const waitsFor = placement && ((task: string) => placement.waitsFor(task));
  const history = new RunHistory({
    archive,
    components,
    flush: () => journal.flushRecords(),
    unrecorded: () => journal.unrecorded,
  });
  return {
    control: new Control({
      registry,
      lanes,
      dispatch,
      intake,
      scheduler,
      schedules,
      quarantine,
      letters,
      counts,
      clock,
    }),
    view: {
      get queue() {
        return waitingEvents({ registry, lanes, dispatch, intake, waitsFor, clock });
      },
      isWaiting: (runId) => isWaiting(runId, { registry, lanes }),
      get heldForRoom() {
        return intake.heldForRoom;
      },
      state: new StateView(file),
    },
    history: keepsRecords ? history : undefined,
    resumabilities: new Resumabilities({
      registry,
      component: (digest) => components.find(digest),
      cacheDir: join(needs.dataDir, 'components'),
    }),
    backups: new Backups(store, needs.dataDir),
  };
}
