/** The shape of task.toml: which keys there are and what each may hold. */
import { z } from 'zod';
import { DEFAULT_LIMITS, DEFAULT_POINTS, filterFault, MAX_LIMITS, POINTS } from '../../runtime/index.js';
import { DEVICES_BUCKET } from '../devices-bucket.js';
import { MANIFEST_BOUNDS, MANIFEST_DEFAULTS } from './limits.js';
import { cronFault, zoneFault } from './cron-line.js';
import { parsePointer, type JsonPointer } from './json-pointer.js';
import type { KeyPath } from './key-lines.js';
import { parseKeyTemplate, type OrderingKey } from './ordering-key.js';
import { timerKeyFaults } from './timer-keys.js';
import { parsePattern } from './topic-pattern.js';
import { parseBytes, parseDurationMs, parseFuel, type Parsed } from './units.js';

/** A task's name: it becomes a part of bucket names and run ids. */
const NAME = /^[a-z][a-z0-9-]{0,62}$/;

/** Whether a task may be called that. */
export function isTaskName(value: string): boolean {
  return NAME.test(value);
}

/** https://semver.org/#is-there-a-suggested-regular-expression-regex-to-check-a-semver-string, leading zeros not checked. */
const SEMVER = /^\d{1,9}\.\d{1,9}\.\d{1,9}(-[0-9A-Za-z.-]{1,64})?(\+[0-9A-Za-z.-]{1,64})?$/;

const name = text('a name of small letters, digits and -, beginning with a letter, at most 63 characters').regex(NAME, {
  error: wrong('a name of small letters, digits and -, beginning with a letter, at most 63 characters'),
});

const version = text('a version such as "1.0.0"').regex(SEMVER, {
  error: wrong('a version such as "1.0.0" (semver.org)'),
});

const component = text('a path relative to this file, such as "build/thermostat.wasm"')
  .max(255, { error: 'must be a path of at most 255 characters' })
  .refine(staysInside, {
    error: wrong('a path relative to this file that stays in its folder, such as "build/thermostat.wasm"'),
  });

const topicPattern = text('a topic filter such as "zigbee2mqtt/{room}/climate"').transform((value, context) => {
  const parsed = parsePattern(value);
  if (parsed.ok) return parsed.pattern;
  context.addIssue({ code: 'custom', message: parsed.fault });
  return z.NEVER;
});

const qos = z.union([z.literal(0), z.literal(1), z.literal(2)], { error: wrong('0, 1 or 2') });

const yesOrNo = z.boolean({ error: wrong('true or false') });

const jsonPointer = text('a JSON Pointer such as "/state"')
  .max(MANIFEST_BOUNDS.pointerLength, { error: `must have at most ${MANIFEST_BOUNDS.pointerLength} characters` })
  .transform((value, context): JsonPointer => {
    const parsed = parsePointer(value);
    if (parsed.ok) return parsed.pointer;
    context.addIssue({ code: 'custom', message: `${parsed.fault}: it is ${show(value)}` });
    return z.NEVER;
  });

const dedupe = z.strictObject(
  {
    window: shapingTime().describe('How long an event keeps equal ones of its key from going on.'),
    by: z
      .union([z.literal('payload'), jsonPointer], { error: wrong('"payload" or a JSON Pointer such as "/id"') })
      .default('payload')
      .describe('What makes two events equal: "payload", or a JSON Pointer to a value in it.'),
  },
  { error: wrong('a table such as { window = "10 s", by = "/id" }') },
);

const debounce = z
  .strictObject(
    {
      wait: shapingTime().describe('The last event of a burst goes on when none has come for this long.'),
      maxWait: shapingTime().optional().describe('It goes on this long after the first of the burst in any case.'),
    },
    { error: wrong('a table such as { wait = "500 ms", maxWait = "5 s" }') },
  )
  .refine(({ wait, maxWait }) => maxWait === undefined || maxWait >= wait, {
    path: ['maxWait'],
    error: 'must not be shorter than wait',
  });

const throttle = z
  .strictObject(
    {
      every: shapingTime().describe('Events of one key go on at least this far apart.'),
      leading: yesOrNo.default(true).describe('Whether the first goes on at once.'),
      trailing: yesOrNo.default(true).describe('Whether the last one within an interval goes on at its end.'),
    },
    { error: wrong('a table such as { every = "1 s" }') },
  )
  .refine(({ leading, trailing }) => leading || trailing, {
    path: ['trailing'],
    error: 'must be true where leading is false: no event would ever go on',
  });

const cron = text('a cron line such as "0 7 * * mon-fri"')
  .max(MANIFEST_BOUNDS.cronLength, { error: `must have at most ${MANIFEST_BOUNDS.cronLength} characters` })
  .superRefine((value, context) => {
    const fault = cronFault(value);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: `${fault}: it is ${show(value)}` });
  });

const zone = text('a time zone such as "Europe/Berlin"').superRefine((value, context) => {
  const fault = zoneFault(value);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: `${fault}: it is ${show(value)}` });
});

const trigger = z.strictObject(
  {
    topic: topicPattern
      .optional()
      .describe('MQTT topic filter; a level may be {name}, which matches like + and is captured.'),
    cron: cron
      .optional()
      .describe('Wakes the task at these times: "minute hour day month weekday", or with seconds before them.'),
    zone: zone.optional().describe('The time zone of cron, such as "Europe/Berlin"; the machine\'s when absent.'),
    every: amount(parseDurationMs, MANIFEST_BOUNDS.timerMs, 'ms')
      .refine((ms) => ms >= MANIFEST_BOUNDS.leastTimerMs, {
        error: `must be at least ${MANIFEST_BOUNDS.leastTimerMs} ms`,
      })
      .optional()
      .describe('Wakes the task at each whole multiple of this since 1970 (UTC), such as "5 min".'),
    catchUp: z
      .enum(['none', 'last', 'all'], { error: wrong('"none", "last" or "all"') })
      .default(MANIFEST_DEFAULTS.catchUp)
      .describe('What becomes of the firings of cron or every that were missed, for instance as the hub was away.'),
    name: name
      .optional()
      .describe("What a timer is called; its number among the task's triggers, from 1, when absent."),
    payload: text('a text')
      .max(MANIFEST_BOUNDS.timerPayloadLength, {
        error: `must have at most ${MANIFEST_BOUNDS.timerPayloadLength} characters`,
      })
      .optional()
      .describe('The payload of a timer; when absent, a JSON object that says when it was scheduled.'),
    qos: qos.default(MANIFEST_DEFAULTS.qos).describe('What the hub subscribes with.'),
    ignoreRetained: yesOrNo
      .default(false)
      .describe('Leaves out the retained messages that the broker sends when the hub subscribes.'),
    dedupe: dedupe.optional().describe('Leaves out events that equal an earlier one of their key.'),
    onChange: jsonPointer
      .optional()
      .describe('Leaves out events in which the value at this JSON Pointer is what it was, or is not there.'),
    debounce: debounce.optional().describe('Waits until a burst is over, and lets its last event go on.'),
    throttle: throttle.optional().describe('Lets events of one key go on no faster than that.'),
    latest: yesOrNo
      .default(false)
      .describe('Lets an event take the place of an earlier one of its key that still waits for its run.'),
  },
  { error: wrong('a table: write it as [[trigger]]') },
);

const limits = z.strictObject(
  {
    fuel: amount(parseFuel, MAX_LIMITS.fuel, 'fuel')
      .default(DEFAULT_LIMITS.fuel)
      .describe('Instructions a run may execute: a number, or one with k, M or G.'),
    memory: amount(parseBytes, MAX_LIMITS.memoryBytes, 'B')
      .default(DEFAULT_LIMITS.memoryBytes)
      .describe('All memories and tables of the component together, such as "16 MiB".'),
    deadline: amount(parseDurationMs, MAX_LIMITS.deadlineMs, 'ms')
      .default(DEFAULT_LIMITS.deadlineMs)
      .describe('Wall time of a run, such as "3 s".'),
    output: amount(parseBytes, MAX_LIMITS.outputBytes, 'B')
      .default(DEFAULT_LIMITS.outputBytes)
      .describe('All that a run publishes and writes, such as "256 KiB".'),
    log: amount(parseBytes, MAX_LIMITS.logBytes, 'B')
      .default(DEFAULT_LIMITS.logBytes)
      .describe('The log of a run, such as "16 KiB".'),
    queue: count(1, MANIFEST_BOUNDS.maxTaskQueue)
      .default(MANIFEST_DEFAULTS.queue)
      .describe('Most events waiting for this task.'),
    overflow: z
      .enum(['dead-letter', 'drop-newest', 'drop-oldest', 'reject'], {
        error: wrong('"dead-letter", "drop-newest", "drop-oldest" or "reject"'),
      })
      .default(MANIFEST_DEFAULTS.overflow)
      .describe(
        'What happens to an event beyond that, above QoS 0: "dead-letter" keeps it for `sterna dlq redrive`, "reject" leaves it with the broker until there is room.',
      ),
    hops: count(1, MANIFEST_BOUNDS.maxHops)
      .default(MANIFEST_DEFAULTS.hops)
      .describe(
        'How often in a row this task may be woken, directly or through others, by its own publishes; then the loop is cut.',
      ),
  },
  { error: wrong('a table: write it as [limits]') },
);

const orderingKey = z
  .union([z.literal(false), z.string()], { error: wrong('a template such as "{room}", or false for no order') })
  .transform((value, context): OrderingKey => {
    if (value === false) return { kind: 'none' };
    const parsed = parseKeyTemplate(value);
    if (parsed.ok) return { kind: 'template', parts: parsed.parts };
    context.addIssue({ code: 'custom', message: parsed.fault });
    return z.NEVER;
  });

const schedule = z.strictObject(
  {
    priority: count(0, 9).default(MANIFEST_DEFAULTS.priority).describe('0 to 9; 9 is most urgent.'),
    concurrency: count(1, MANIFEST_BOUNDS.maxConcurrency)
      .optional()
      .describe('Most runs at once; as many as there are threads when absent.'),
    key: orderingKey
      .optional()
      .describe('Runs with the same key go one at a time, in order; all captures when absent, no order when false.'),
    mode: z
      .enum(['queued', 'single', 'latest', 'restart', 'parallel'], {
        error: wrong('"queued", "single", "latest", "restart" or "parallel"'),
      })
      .default(MANIFEST_DEFAULTS.mode)
      .describe(
        'What an event does while an earlier one of its key waits or runs: waits its turn, is dropped, takes the place of one that waits, also stops the one that runs, or runs beside it.',
      ),
    ttl: shapingTime()
      .optional()
      .describe('An event that has waited this long is dropped instead of run, such as "30 s".'),
  },
  { error: wrong('a table: write it as [schedule]') },
);

const retry = z
  .strictObject(
    {
      attempts: count(1, MANIFEST_BOUNDS.maxAttempts)
        .default(MANIFEST_DEFAULTS.attempts)
        .describe('How often a run is tried before it becomes a dead letter; 1 for no second time.'),
      backoff: shapingTime()
        .default(MANIFEST_DEFAULTS.backoff)
        .describe('The wait before the second attempt; it doubles with each further one. Half of it is random.'),
      maxBackoff: shapingTime().default(MANIFEST_DEFAULTS.maxBackoff).describe('The longest of these waits.'),
      maxAge: shapingTime()
        .default(MANIFEST_DEFAULTS.maxAge)
        .describe('A run is not tried again later than this after its event came.'),
    },
    { error: wrong('a table: write it as [retry]') },
  )
  .refine(({ backoff, maxBackoff }) => maxBackoff >= backoff, {
    path: ['maxBackoff'],
    error: 'must not be shorter than backoff',
  });

const quarantine = z
  .strictObject(
    {
      failures: count(0, MANIFEST_BOUNDS.maxFailures)
        .default(MANIFEST_DEFAULTS.failures)
        .describe(
          'Runs given up one after the other, with none completed between them, that hold the task; 0 for never.',
        ),
      coolDown: shapingTime()
        .default(MANIFEST_DEFAULTS.coolDown)
        .describe('How long its events then wait until one run is tried; doubled each time that run fails.'),
      maxCoolDown: shapingTime().default(MANIFEST_DEFAULTS.maxCoolDown).describe('The longest of these waits.'),
    },
    { error: wrong('a table: write it as [quarantine]') },
  )
  .refine(({ coolDown, maxCoolDown }) => maxCoolDown >= coolDown, {
    path: ['maxCoolDown'],
    error: 'must not be shorter than coolDown',
  });

const checkpoint = z.strictObject(
  {
    points: z
      .enum(POINTS, { error: wrong('"calls", "loops" or "all"') })
      .default(DEFAULT_POINTS)
      .describe('Where in its code a run can stand still: the more places, the sooner it does and the slower it is.'),
    every: amount(parseDurationMs, MANIFEST_BOUNDS.checkpointMs, 'ms')
      .refine((ms) => ms >= MANIFEST_BOUNDS.leastCheckpointMs, {
        error: `must be at least ${MANIFEST_BOUNDS.leastCheckpointMs} ms`,
      })
      .default(MANIFEST_DEFAULTS.checkpoint)
      .describe('How often a run that goes on is kept on disk, such as "5 s": what a power cut may cost it.'),
    fuel: amount(parseFuel, MAX_LIMITS.fuel, 'fuel')
      .refine((fuel) => fuel >= MANIFEST_BOUNDS.leastCheckpointFuel, {
        error: `must be at least ${MANIFEST_BOUNDS.leastCheckpointFuel} fuel`,
      })
      .optional()
      .describe('Keeps it also whenever it has used so much fuel since the last time.'),
    onNewVersion: z
      .enum(['finish-on-old', 'cancel', 'restart-on-new'], {
        error: wrong('"finish-on-old", "cancel" or "restart-on-new"'),
      })
      .default(MANIFEST_DEFAULTS.onNewVersion)
      .describe('What becomes of runs of the version before that have begun, when this version takes its place.'),
  },
  { error: wrong('a table: write it as [checkpoint]') },
);

const publishGrant = text('a topic filter such as "zigbee2mqtt/+/set"').superRefine((value, context) => {
  const fault = grantFault(value);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
});

const access = z.enum(['read', 'read-write'], { error: wrong('"read" or "read-write"') });

const grants = z.strictObject(
  {
    publish: z
      .array(publishGrant, { error: wrong('a list of topic filters, such as ["zigbee2mqtt/+/set"]') })
      .max(MANIFEST_BOUNDS.publishGrants, { error: `must have at most ${MANIFEST_BOUNDS.publishGrants} filters` })
      .default([])
      .describe('Topic filters: a publish is allowed when one of them matches its topic.'),
    buckets: z
      .record(
        z
          .string()
          .regex(NAME, { error: 'is not the name of a bucket: small letters, digits and -, beginning with a letter' }),
        access,
        { error: wrong('a table of bucket names, such as default = "read-write"') },
      )
      .refine((buckets) => Object.keys(buckets).length <= MANIFEST_BOUNDS.buckets, {
        error: `must name at most ${MANIFEST_BOUNDS.buckets} buckets`,
      })
      .refine((buckets) => buckets[DEVICES_BUCKET] !== 'read-write', {
        path: [DEVICES_BUCKET],
        error: 'must be "read": the hub alone writes it, with the last payload of each topic',
      })
      .default({})
      .describe(
        'Buckets by name: "default" is the task\'s own, "devices" has the last payload of each topic and can be read only, others are shared on the hub.',
      ),
  },
  { error: wrong('a table: write it as [grants]') },
);

const configValue = z.union([z.string().max(MANIFEST_BOUNDS.configValueLength), z.number(), z.boolean()], {
  error: wrong(`a text of at most ${MANIFEST_BOUNDS.configValueLength} characters, a number, true or false`),
});

const config = z
  .record(
    z.string().min(1, { error: 'must not be empty' }).max(128, { error: 'must have at most 128 characters' }),
    configValue,
    {
      error: wrong('a table: write it as [config]'),
    },
  )
  .refine((values) => Object.keys(values).length <= MANIFEST_BOUNDS.configKeys, {
    error: `must have at most ${MANIFEST_BOUNDS.configKeys} keys`,
  });

const manifest = z.strictObject({
  name,
  version,
  description: text('a text').max(500, { error: 'must have at most 500 characters' }).default(''),
  component: component.optional().describe('The component file; "build/<name>.wasm" when absent.'),
  subjects: z
    .enum(['verbatim', 'dotted'], { error: wrong('"verbatim" or "dotted"') })
    .default('verbatim')
    .describe('"dotted" gives the guest subjects as a.b.c instead of a/b/c.'),
  isolation: z
    .enum(['event', 'key'], { error: wrong('"event" or "key"') })
    .default('event')
    .describe('"key" lets events of one ordering key find the memory as the last left it, unless it was let go of.'),
  trigger: z
    .array(trigger, { error: wrong('at least one table, written as [[trigger]]') })
    .min(1, { error: 'must be at least one table, written as [[trigger]]' })
    .max(MANIFEST_BOUNDS.triggers, { error: `must be at most ${MANIFEST_BOUNDS.triggers} tables` }),
  limits: limits.prefault({}),
  schedule: schedule.prefault({}),
  retry: retry.prefault({}),
  quarantine: quarantine.prefault({}),
  resumable: yesOrNo
    .default(false)
    .describe('Runs can stand still, go on elsewhere, and survive a restart: for those that take long.'),
  checkpoint: checkpoint.optional().describe('Of a task with resumable = true.'),
  grants: grants.prefault({}),
  config: config.default({}),
});

/** What the schema makes of a task.toml: complete, with units resolved. */
export type ManifestFields = z.output<typeof manifest>;

/** Something the schema has against a value. */
export interface SchemaFault {
  readonly path: KeyPath;
  readonly message: string;
  /** Set when the key itself should not be there. */
  readonly unknownKey?: { readonly known: readonly string[] };
}

export type SchemaResult =
  | { readonly ok: true; readonly fields: ManifestFields }
  | { readonly ok: false; readonly faults: readonly SchemaFault[] };

/** Checks a parsed task.toml and names everything that is wrong with it. */
export function checkShape(value: unknown): SchemaResult {
  const result = manifest.safeParse(value);
  const ofTimers = timerKeyFaults(value);
  if (result.success && ofTimers.length === 0) return { ok: true, fields: result.data };
  return { ok: false, faults: [...(result.error?.issues.flatMap(faultsOf) ?? []), ...ofTimers] };
}

/** The JSON Schema (draft 2020-12) of task.toml, for editors. */
export function manifestJsonSchema(): object {
  const { $schema, ...rest } = z.toJSONSchema(manifest, { io: 'input' });
  return { $schema, title: 'Sterna task manifest (task.toml)', ...rest };
}

function faultsOf(issue: z.core.$ZodIssue): readonly SchemaFault[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(path);
    return issue.keys.map((key) => ({ path: [...path, key], message: '', unknownKey: { known } }));
  }
  if (issue.code === 'invalid_key') {
    return [{ path, message: issue.issues[0]?.message ?? issue.message }];
  }
  return [{ path, message: issue.message }];
}

function knownKeys(path: KeyPath): readonly string[] {
  const [table] = path;
  if (table === undefined) return Object.keys(manifest.shape);
  if (table === 'trigger') {
    if (path[2] === 'dedupe') return Object.keys(dedupe.shape);
    if (path[2] === 'debounce') return Object.keys(debounce.shape);
    if (path[2] === 'throttle') return Object.keys(throttle.shape);
    return Object.keys(trigger.shape);
  }
  if (table === 'limits') return Object.keys(limits.shape);
  if (table === 'schedule') return Object.keys(schedule.shape);
  if (table === 'retry') return Object.keys(retry.shape);
  if (table === 'quarantine') return Object.keys(quarantine.shape);
  if (table === 'checkpoint') return Object.keys(checkpoint.shape);
  return Object.keys(grants.shape);
}

/** Why no publish could be allowed by a filter, or undefined if one could. */
function grantFault(filter: string): string | undefined {
  if (filter.includes('{')) return 'a grant has no captures: write + for any level';
  if (filter.startsWith('$')) return 'no task may publish to topics that begin with $: this grant could never be used';
  if (filter.split('/').length > MANIFEST_BOUNDS.filterLevels)
    return `must have at most ${MANIFEST_BOUNDS.filterLevels} levels`;
  return filterFault(filter);
}

/** Whether a relative path names a file below the folder it is relative to. */
function staysInside(path: string): boolean {
  if (path === '' || path.startsWith('/') || /[\\\0:]/.test(path)) return false;
  const parts = path.split('/');
  return !parts.includes('..') && parts.at(-1) !== '' && parts.at(-1) !== '.';
}

function text(expected: string): z.ZodString {
  return z.string({ error: wrong(expected) });
}

function count(least: number, most: number): z.ZodNumber {
  const error = wrong(`a whole number from ${least} to ${most}`);
  return z.number({ error }).int({ error }).min(least, { error }).max(most, { error });
}

/** A duration that shaping may wait or remember. */
function shapingTime() {
  return amount(parseDurationMs, MANIFEST_BOUNDS.shapingMs, 'ms');
}

/** The `checkpoint` of a task that does not say. */
export const DEFAULT_CHECKPOINT = checkpoint.parse({});

/** A number or a text with a unit, as a number. */
function amount(parse: (input: string | number) => Parsed, most: number, unit: string) {
  return z
    .union([z.number(), z.string()], { error: (issue) => wrong(expectation(parse))(issue) })
    .transform((value, context) => {
      const parsed = parse(value);
      if (parsed.ok && parsed.amount <= most) return parsed.amount;
      const message = parsed.ok
        ? `must be at most ${most} ${unit}: it is ${show(value)}`
        : `must be ${parsed.expected}: it is ${show(value)}`;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    });
}

function expectation(parse: (input: string | number) => Parsed): string {
  const parsed = parse('');
  return parsed.ok ? '' : parsed.expected;
}

/** Says what would be right and what was there instead. */
function wrong(expected: string): (issue: { readonly input?: unknown }) => string {
  return ({ input }) =>
    input === undefined ? `is missing: it must be ${expected}` : `must be ${expected}: it is ${show(input)}`;
}

/** A value as it stands in the file, cut to a length that fits a line. */
function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  if (typeof value === 'object' && value !== null) return 'a table';
  const shown = JSON.stringify(value) ?? String(value);
  return shown.length <= 60 ? shown : `${shown.slice(0, 57)}...`;
}
