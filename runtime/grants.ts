/** What the grants of a run allow. */
import type { Grants } from './task.js';
import { filterMatches } from './topic.js';

/** Whether a run may publish to a topic that is one. What begins with "$" is the broker's own. */
export function mayPublish({ publish }: Pick<Grants, 'publish'>, topic: string): boolean {
  return !topic.startsWith('$') && publish.some((filter) => filterMatches(filter, topic));
}
