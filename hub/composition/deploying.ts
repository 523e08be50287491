import type { StateReader } from '../../runtime/index.js';
import { Deployments, emptyBucket, TaskChanges, type TaskListener, type Topics } from '../deployments/index.js';
import { DEVICES_BUCKET } from '../devices-bucket.js';
// Not through the door of its folder, which brings sessions with providers along.
import { LearntBuckets } from '../placement/learnt-buckets.js';
import type { DeployedTask } from '../registry/index.js';
import type { Changing, Rooms } from './rooms.js';

export function makeChanges(needs: Omit<Rooms, 'changing'>): Changing {
  const { placement, observe, timer, clock, log } = needs.around;
  const { store, runtime } = needs.foundation;
  const { registry, scheduler, lanes } = needs.queues;
  const { devices } = needs.writing;
  const { parking, migrations } = needs.long;
  const { dispatch, intake, schedules } = needs.eventsIn;
  const { executor } = needs.execution;
  const learnt = new LearntBuckets({ store, privateTopics: placement?.privateTopics ?? [], log });
  const place = (): void => {
    const manifests = registry.tasks.map(({ manifest }) => manifest);
    learnt.look(manifests, lanes.leavingTasks.length === 0);
    placement?.deployed(registry.tasks, learnt.buckets);
  };
  const wantDevices = (): void => devices.want(registry.tasks.some(readsDevices));
  wantDevices();
  const listeners: readonly TaskListener[] = [
    wantDevices,
    () => schedules.update(registry.tasks),
    () => void needs.tasks.retireComponents(),
    place,
    (name, task) => {
      parking.taskChanged(name, task);
      migrations.taskChanged(name, task);
      changes.check();
    },
  ];
  const changes = new TaskChanges({
    registry,
    lanes,
    dispatch,
    intake,
    scheduler,
    runtime,
    observe,
    timer,
    clock,
    listeners,
    takeWaiting: (task, lane) => executor.takeWaiting(task, lane),
    replaced: (task) => needs.failures.quarantine.replaced(task),
  });
  return { changes, place };
}

interface DeploymentsNeeds extends Rooms {
  readonly topics: Topics;
  readonly reader: StateReader;
}

export function makeDeployments(needs: DeploymentsNeeds): Deployments {
  const { placement, observe } = needs.around;
  const { registry, lanes } = needs.queues;
  const { kept, keepComponent } = needs.tasks;
  const { journal } = needs.writing;
  const { changes, place } = needs.changing;
  const { topics, reader } = needs;
  return new Deployments({
    registry,
    lanes,
    changes,
    kept,
    topics,
    keep: keepComponent,
    runtime: needs.foundation.runtime,
    purge: async (bucket) => {
      const keys = await emptyBucket(bucket, { reader, journal });
      // What was private in it is gone.
      place();
      return keys;
    },
    contradictions: (tasks) => placement?.contradictions(tasks) ?? [],
    observe,
  });
}

function readsDevices({ manifest }: DeployedTask): boolean {
  return Object.values(manifest.grants.buckets).some(({ id }) => id === DEVICES_BUCKET);
}
