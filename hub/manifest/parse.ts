import type { BucketGrant } from '../../runtime/index.js';
import { DEVICES_BUCKET } from '../devices-bucket.js';
import { keyLines, type KeyPath } from './key-lines.js';
import type { Manifest, ResumePolicy, Shaping, Trigger } from './manifest.js';
import { nearest } from './nearest.js';
import { capturesNamed, type OrderingKey } from './ordering-key.js';
import type { Problem } from './problem.js';
import { checkShape, DEFAULT_CHECKPOINT, type ManifestFields, type SchemaFault } from './schema.js';
import { timerTopic, type TimerRule } from './timer-rule.js';
import { parseToml } from './toml.js';

export type ParsedManifest =
  | { readonly ok: true; readonly manifest: Manifest }
  /** At least one, in the order of the lines. */
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads a task.toml. Pure: nothing is looked up on disk.
 *
 * @param file How the file is called in problems.
 */
export function parseManifest(source: string, file: string): ParsedManifest {
  const toml = parseToml(source);
  if (!toml.ok) return { ok: false, problems: [{ file, line: toml.line, key: '', message: toml.message }] };
  const checked = checkShape(toml.value);
  const faults = checked.ok ? crossFaults(checked.fields) : checked.faults;
  if (checked.ok && faults.length === 0) return { ok: true, manifest: manifestOf(checked.fields) };
  const lineOf = keyLines(source);
  const problems = faults.map((fault) => ({
    file,
    line: lineOf(fault.path),
    key: showPath(fault.path),
    message: messageOf(fault),
  }));
  return { ok: false, problems: problems.toSorted((a, b) => a.line - b.line) };
}

/** Modes that compare an event with others of its key. */
const PER_KEY: ReadonlySet<string> = new Set(['single', 'latest', 'restart']);

/** What no single key shows: keys that do not fit one another. */
function crossFaults({ isolation, schedule, trigger, resumable, checkpoint }: ManifestFields): readonly SchemaFault[] {
  if (checkpoint !== undefined && !resumable) {
    return [{ path: ['checkpoint'], message: 'must not be there without resumable = true: nothing would be kept' }];
  }
  if (isolation === 'key' && schedule.key?.kind === 'none') {
    const message = 'must be "event" where schedule.key is false: without order, no event comes after another';
    return [{ path: ['isolation'], message }];
  }
  if (schedule.key?.kind === 'none' && PER_KEY.has(schedule.mode)) {
    const message = `must be "queued" or "parallel" where schedule.key is false: "${schedule.mode}" is about runs of one key`;
    return [{ path: ['schedule', 'mode'], message }];
  }
  if (isolation === 'key' && schedule.mode === 'parallel') {
    const message = 'must be "event" where schedule.mode is "parallel": without order, no event comes after another';
    return [{ path: ['isolation'], message }];
  }
  if (schedule.key?.kind !== 'template') return [];
  const faults: SchemaFault[] = [];
  for (const name of capturesNamed(schedule.key.parts)) {
    // A timer captures nothing: what its events lack of the key is empty.
    const lacking = trigger.findIndex(({ topic }) => topic?.captures.every((capture) => capture.name !== name));
    if (lacking === -1) continue;
    const message = `names {${name}}, which trigger ${lacking + 1} does not capture: each trigger's topic must have it`;
    faults.push({ path: ['schedule', 'key'], message });
  }
  return faults;
}

function manifestOf(fields: ManifestFields): Manifest {
  const { limits, schedule } = fields;
  const key: OrderingKey = schedule.key ?? { kind: 'captures' };
  return {
    name: fields.name,
    version: fields.version,
    description: fields.description,
    component: fields.component ?? `build/${fields.name}.wasm`,
    subjects: fields.subjects,
    isolation: fields.isolation,
    triggers: fields.trigger.map((trigger, i) => triggerOf(trigger, i, fields.name)),
    limits: {
      fuel: limits.fuel,
      memoryBytes: limits.memory,
      deadlineMs: limits.deadline,
      outputBytes: limits.output,
      logBytes: limits.log,
    },
    queue: limits.queue,
    overflow: limits.overflow,
    hops: limits.hops,
    schedule: {
      priority: schedule.priority,
      concurrency: schedule.concurrency,
      key,
      mode: schedule.mode,
      ttlMs: schedule.ttl,
    },
    retry: {
      attempts: fields.retry.attempts,
      backoffMs: fields.retry.backoff,
      maxBackoffMs: fields.retry.maxBackoff,
      maxAgeMs: fields.retry.maxAge,
    },
    quarantine: {
      failures: fields.quarantine.failures,
      coolDownMs: fields.quarantine.coolDown,
      maxCoolDownMs: fields.quarantine.maxCoolDown,
    },
    resumable: fields.resumable ? resumePolicyOf(fields.checkpoint ?? DEFAULT_CHECKPOINT) : undefined,
    grants: { publish: fields.grants.publish, buckets: bucketsOf(fields) },
    config: Object.fromEntries(Object.entries(fields.config).map(([name, value]) => [name, String(value)])),
  };
}

function triggerOf(trigger: ManifestFields['trigger'][number], i: number, task: string): Trigger {
  const { qos, topic } = trigger;
  const timer = timerOf(trigger, i);
  if (timer === undefined && topic !== undefined) return { pattern: topic, timer, qos, shaping: shapingOf(trigger) };
  const pattern = { filter: timerTopic(task, timer?.name ?? ''), captures: [] };
  return { pattern, timer, qos, shaping: undefined };
}

function timerOf(trigger: ManifestFields['trigger'][number], i: number): TimerRule | undefined {
  const { cron, zone, every, catchUp, payload, name = String(i + 1) } = trigger;
  if (cron !== undefined) return { name, when: { kind: 'cron', line: cron, zone }, catchUp, payload };
  if (every !== undefined) return { name, when: { kind: 'every', everyMs: every }, catchUp, payload };
  return undefined;
}

/** Undefined where there is nothing to shape, which is the usual case and the fast one. */
function shapingOf(trigger: ManifestFields['trigger'][number]): Shaping | undefined {
  const { ignoreRetained, dedupe, onChange, debounce, throttle, latest } = trigger;
  const stages = [dedupe, onChange, debounce, throttle];
  if (!ignoreRetained && !latest && stages.every((stage) => stage === undefined)) return undefined;
  return {
    ignoreRetained,
    dedupe: dedupe && { windowMs: dedupe.window, by: dedupe.by },
    onChange,
    debounce: debounce && { waitMs: debounce.wait, maxWaitMs: debounce.maxWait },
    throttle: throttle && { everyMs: throttle.every, leading: throttle.leading, trailing: throttle.trailing },
    latest,
  };
}

function resumePolicyOf({ points, every, fuel, onNewVersion }: typeof DEFAULT_CHECKPOINT): ResumePolicy {
  return { points, everyMs: every, everyFuel: fuel, onNewVersion };
}

/** A task's own bucket carries its name in the store; a shared one is the same for all who name it. */
function bucketsOf({ name, grants }: ManifestFields): Readonly<Record<string, BucketGrant>> {
  const entries = Object.entries(grants.buckets).map(([bucket, access]): [string, BucketGrant] => {
    return [bucket, { id: bucketId(name, bucket), access }];
  });
  return Object.fromEntries(entries);
}

function bucketId(task: string, bucket: string): string {
  if (bucket === DEVICES_BUCKET) return DEVICES_BUCKET;
  return bucket === 'default' ? `task/${task}/default` : `shared/${bucket}`;
}

function messageOf({ message, path, unknownKey }: SchemaFault): string {
  if (unknownKey === undefined) return message;
  const near = nearest(String(path.at(-1)), unknownKey.known);
  const known = `the keys here are ${unknownKey.known.join(', ')}`;
  return near === undefined
    ? `there is no such key: ${known}`
    : `there is no such key: did you mean "${near}"? (${known})`;
}

/** "trigger[0].qos", as a person would point at it; triggers count from 1 there. */
function showPath(path: KeyPath): string {
  let shown = '';
  for (const part of path) {
    if (typeof part === 'number') shown += `[${part + 1}]`;
    else shown += shown === '' ? part : `.${part}`;
  }
  return shown;
}
