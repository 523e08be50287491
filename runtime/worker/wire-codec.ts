/**
 * Runs and results as text and bytes. Both ends are the same version of this
 * file in one process, so what is parsed has the type that was packed.
 */
import type { Effect, KeyPage, Listed, LogLine, Outcome, QoS, Read, RunRequest, RunResult } from '../task.js';
import type { Packed } from './wire.js';

/** What runs of one task share: sent once a message. */
type Profile = Pick<RunRequest, 'task' | 'limits' | 'grants' | 'config' | 'subjects' | 'recordReads'>;

type RunRow = [
  profile: number,
  runId: string,
  attempt: number,
  clockMs: number,
  seed: number,
  eventId: string,
  topic: string,
  qos: QoS,
  retain: 0 | 1,
  arrivedAtMs: number,
  captures: Readonly<Record<string, string>>,
  isolationKey: string | null,
  payloadEnd: number,
];

interface PackedRuns {
  readonly profiles: readonly Profile[];
  readonly rows: readonly RunRow[];
}

export function packRuns(requests: readonly RunRequest[]): Packed {
  const bytes = new Uint8Array(requests.reduce((sum, { event }) => sum + event.payload.length, 0));
  const profiles: Profile[] = [];
  let end = 0;
  const rows = requests.map((request): RunRow => {
    const { event } = request;
    bytes.set(event.payload, end);
    end += event.payload.length;
    return [
      profileOf(profiles, request),
      request.runId,
      request.attempt,
      request.clockMs,
      request.seed,
      event.id,
      event.topic,
      event.qos,
      event.retain ? 1 : 0,
      event.arrivedAtMs,
      event.captures,
      request.isolationKey ?? null,
      end,
    ];
  });
  return { text: JSON.stringify({ profiles, rows } satisfies PackedRuns), bytes };
}

function profileOf(profiles: Profile[], request: RunRequest): number {
  for (let i = profiles.length - 1; i >= 0; i--) if (shares(profiles[i] as Profile, request)) return i;
  const { task, limits, grants, config, subjects, recordReads } = request;
  return profiles.push({ task, limits, grants, config, subjects, recordReads }) - 1;
}

function shares(profile: Profile, request: RunRequest): boolean {
  return (
    profile.task === request.task &&
    profile.limits === request.limits &&
    profile.grants === request.grants &&
    profile.config === request.config &&
    profile.subjects === request.subjects &&
    profile.recordReads === request.recordReads
  );
}

export function unpackRuns({ text, bytes }: Packed): RunRequest[] {
  const { profiles, rows } = JSON.parse(text) as PackedRuns;
  let from = 0;
  return rows.map((row) => {
    const [profile, runId, attempt, clockMs, seed, id, topic, qos, retain, arrivedAtMs, captures, key, end] = row;
    const isolationKey = key ?? undefined;
    const payload = bytes.subarray(from, end);
    from = end;
    const { task, limits, grants, config, subjects, recordReads } = profiles[profile] as Profile;
    const event = { id, topic, payload, qos, retain: retain === 1, arrivedAtMs, captures };
    return { runId, task, event, attempt, limits, grants, config, clockMs, seed, isolationKey, subjects, recordReads };
  });
}

type EffectRow =
  | [kind: 'p', topic: string, qos: QoS, retain: 0 | 1, end: number]
  | [kind: 's', bucket: string, key: string, end: number]
  | [kind: 'd', bucket: string, key: string];

/** The value's end is there when there is a value. */
type ReadRow = [bucket: string, key: string, version: number, end?: number];

/** What few runs have. */
interface Rare {
  readonly listed: readonly Listed[] | undefined;
  readonly pages: readonly KeyPage[] | undefined;
  readonly unrecorded: string | undefined;
  readonly noticed: RunResult['noticed'];
}

type ResultRow = [
  index: number,
  outcome: Outcome,
  effects: readonly EffectRow[],
  reads: readonly ReadRow[],
  rare: Rare | 0,
  log: readonly LogLine[],
  droppedLogLines: number,
  fuel: number,
  peakMemoryBytes: number,
  wallUs: number,
  hostUs: number,
  outputBytes: number,
  logBytes: number,
];

/** A run's index in its batch, and how it ended. */
export type Finished = readonly [index: number, result: Omit<RunResult, 'runId'>];

export function packResults(finished: readonly Finished[]): Packed {
  const bytes = new Uint8Array(
    finished.reduce((sum, [, { effects, reads }]) => sum + sizeOf(effects) + foundIn(reads), 0),
  );
  let end = 0;
  const place = (contents: Uint8Array): number => {
    bytes.set(contents, end);
    end += contents.length;
    return end;
  };
  const rows = finished.map(([index, result]): ResultRow => {
    const { outcome, effects, reads, log, droppedLogLines, usage } = result;
    const effectRows = effects.map((effect): EffectRow => {
      switch (effect.kind) {
        case 'publish':
          return ['p', effect.topic, effect.qos, effect.retain ? 1 : 0, place(effect.payload)];
        case 'set':
          return ['s', effect.bucket, effect.key, place(effect.value)];
        case 'delete':
          return ['d', effect.bucket, effect.key];
      }
    });
    const readRows = reads.map(({ bucket, key, version, value }): ReadRow =>
      value === undefined ? [bucket, key, version] : [bucket, key, version, place(value)],
    );
    return [
      index,
      outcome,
      effectRows,
      readRows,
      rareOf(result),
      log,
      droppedLogLines,
      usage.fuel,
      usage.peakMemoryBytes,
      Math.round(usage.wallMs * 1000),
      Math.round(usage.hostMs * 1000),
      usage.outputBytes,
      usage.logBytes,
    ];
  });
  return { text: JSON.stringify(rows), bytes };
}

function sizeOf(effects: readonly Effect[]): number {
  let size = 0;
  for (const effect of effects) {
    if (effect.kind === 'publish') size += effect.payload.length;
    else if (effect.kind === 'set') size += effect.value.length;
  }
  return size;
}

function foundIn(reads: readonly Read[]): number {
  let size = 0;
  for (const { value } of reads) size += value?.length ?? 0;
  return size;
}

function rareOf({ listed, pages, unrecorded, noticed }: Omit<RunResult, 'runId'>): Rare | 0 {
  if (listed === undefined && pages === undefined && unrecorded === undefined && noticed === undefined) return 0;
  return { listed, pages, unrecorded, noticed };
}

export function unpackResults({ text, bytes }: Packed): Finished[] {
  const rows = JSON.parse(text) as ResultRow[];
  let from = 0;
  const take = (end: number): Uint8Array => {
    const contents = bytes.subarray(from, end);
    from = end;
    return contents;
  };
  return rows.map((row): Finished => {
    const [index, outcome, effectRows, readRows, rare, log, droppedLogLines, ...numbers] = row;
    const [fuel, peakMemoryBytes, wallUs, hostUs, outputBytes, logBytes] = numbers;
    const effects = effectRows.map((effect): Effect => {
      switch (effect[0]) {
        case 'p':
          return {
            kind: 'publish',
            topic: effect[1],
            qos: effect[2],
            retain: effect[3] === 1,
            payload: take(effect[4]),
          };
        case 's':
          return { kind: 'set', bucket: effect[1], key: effect[2], value: take(effect[3]) };
        case 'd':
          return { kind: 'delete', bucket: effect[1], key: effect[2] };
      }
    });
    const reads = readRows.map(([bucket, key, version, valueEnd]): Read => {
      if (valueEnd === undefined) return { bucket, key, version };
      return { bucket, key, version, value: take(valueEnd) };
    });
    const usage = { fuel, peakMemoryBytes, wallMs: wallUs / 1000, hostMs: hostUs / 1000, outputBytes, logBytes };
    const result = { outcome, effects, reads, log, droppedLogLines, usage };
    return [index, rare === 0 ? result : { ...result, ...rare }];
  });
}
