import type { Grants, Limits } from '../../runtime/index.js';
import type { OrderingKey } from './ordering-key.js';
import type { TopicPattern } from './topic-pattern.js';

/** What a task.toml says, complete: defaults are filled in and units are gone. */
export interface Manifest {
  readonly name: string;
  /** https://semver.org */
  readonly version: string;
  readonly description: string;
  /** Path of the component file, relative to the manifest's folder, which it does not leave. */
  readonly component: string;
  readonly subjects: 'verbatim' | 'dotted';
  /** What finds a memory as an earlier event left it: no event, or those of the same ordering key. */
  readonly isolation: 'event' | 'key';
  /** At least one, in the order of the file. */
  readonly triggers: readonly Trigger[];
  readonly limits: Limits;
  /** Most events that may wait for this task. */
  readonly queue: number;
  readonly schedule: Schedule;
  readonly grants: Grants;
  readonly config: Readonly<Record<string, string>>;
}

/** What makes a task run. */
export interface Trigger {
  readonly pattern: TopicPattern;
  /** What the hub subscribes with. */
  readonly qos: 0 | 1;
}

interface Schedule {
  /** 0 to 9; 9 is most urgent. */
  readonly priority: number;
  /** Most runs at once; undefined for as many as there are threads. */
  readonly concurrency: number | undefined;
  readonly key: OrderingKey;
}
