import type { PlannedNow } from '../api/index.js';
import { textTable } from '../report/index.js';

/** Said where nothing leaves a hub. */
export const WITHOUT_APP = 'this hub was started without --app: all runs execute here';

/** Where the tasks of an application may execute, and why. */
export function placedTasksTable(tasks: readonly PlannedNow[]): readonly string[] {
  return textTable(
    ['task', 'placement', 'why'],
    tasks.map(({ task, policy, reason }) => [task, policy, reason]),
  );
}
