/**
 * Two tasks that count, so that an event that is lost or doubled shows: one
 * counts the events of each device and publishes at QoS 1; the other counts
 * all of them, in runs that overlap and so collide, and publishes at QoS 0.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Effect, RunRequest, StateReader } from '../../../runtime/index.js';
import type { Behaviour } from '../fake-runtime.js';

const TASKS: Readonly<Record<string, string>> = {
  each: `[[trigger]]
topic = "in/{device}"
[grants]
publish = ["count/+"]
[grants.buckets]
default = "read-write"
`,
  all: `schedule.key = false
[[trigger]]
topic = "in/{device}"
[grants]
publish = ["total"]
[grants.buckets]
default = "read-write"
`,
};

/** Writes their folders into a directory. */
export function writeTasks(directory: string): void {
  for (const [name, manifest] of Object.entries(TASKS)) {
    const folder = join(directory, name);
    mkdirSync(folder, { recursive: true });
    const head = `name = "${name}"\nversion = "1.0.0"\ncomponent = "c.wasm"\n`;
    writeFileSync(join(folder, 'task.toml'), `${head}${manifest}`);
    writeFileSync(join(folder, 'c.wasm'), name);
  }
}

/** What a run of either does, with the state as it is now. */
export function countOnce(request: RunRequest, state: StateReader): Behaviour {
  const { event, grants } = request;
  const device = event.captures['device'] ?? '';
  const each = grants.publish.includes('count/+');
  const bucket = grants.buckets['default']?.id ?? '';
  const key = each ? device : 'all';
  const snapshot = state.snapshot();
  const stored = snapshot.get(bucket, key);
  snapshot.release();
  const count = Number(Buffer.from(stored?.value ?? []).toString()) + 1;
  const text = `${count} ${Buffer.from(event.payload).toString()}`;
  const effects: Effect[] = [
    { kind: 'set', bucket, key, value: Buffer.from(`${count}`) },
    {
      kind: 'publish',
      topic: each ? `count/${device}` : 'total',
      payload: Buffer.from(text),
      qos: each ? 1 : 0,
      retain: false,
    },
  ];
  return { effects, reads: [{ bucket, key, version: stored?.version ?? 0 }] };
}
