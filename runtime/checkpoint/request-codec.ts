/** What was asked of a run, within the body of a checkpoint. */
import type { BucketGrant, Grants, Limits, QoS, RunRequest, TaskEvent } from '../task.js';
import type { BodyReader } from './body-reader.js';
import type { BodyWriter } from './body-writer.js';

type Request = Omit<RunRequest, 'task'>;

const QOS: readonly QoS[] = [0, 1, 2];
const SUBJECTS: readonly RunRequest['subjects'][] = ['verbatim', 'dotted'];
const ACCESS: readonly BucketGrant['access'][] = ['read', 'read-write'];

export function writeRequest(out: BodyWriter, request: Request): void {
  out.text(request.runId);
  out.u32(request.attempt);
  out.f64(request.clockMs);
  out.f64(request.seed);
  out.optional(request.isolationKey, (key) => out.text(key));
  out.u8(SUBJECTS.indexOf(request.subjects));
  out.flag(request.recordReads === true);
  writeEvent(out, request.event);
  writeAuthority(out, request);
  writeMap(out, request.config, (value) => out.text(value));
}

export function readRequest(body: BodyReader): Request {
  const runId = body.name('the run id');
  const attempt = body.u32('the attempt');
  const clockMs = body.count("the run's clock");
  const seed = body.count('the seed');
  const isolationKey = body.optional('the isolation key', () => body.name('the isolation key'));
  const subjects = body.choice('the form of subjects', SUBJECTS);
  const recordReads = body.flag('whether reads are recorded');
  const event = readEvent(body);
  const limits = readLimits(body);
  const grants = readGrants(body);
  const config = readMap(body, 'the configuration', () => body.text('a value of the configuration'));
  return { runId, attempt, clockMs, seed, isolationKey, subjects, recordReads, event, limits, grants, config };
}

function writeEvent(out: BodyWriter, event: TaskEvent): void {
  out.text(event.id);
  out.text(event.topic);
  out.bytes(event.payload);
  out.u8(event.qos);
  out.flag(event.retain);
  out.f64(event.arrivedAtMs);
  writeMap(out, event.captures, (value) => out.text(value));
}

function readEvent(body: BodyReader): TaskEvent {
  return {
    id: body.name('the event id'),
    topic: body.name('the topic'),
    payload: body.bytes('the payload'),
    qos: body.choice('the QoS', QOS),
    retain: body.flag('retain'),
    arrivedAtMs: body.count('the time of arrival'),
    captures: readMap(body, 'the captures', () => body.name('a capture')),
  };
}

/** What a run may use and touch: what `authorityOf` is the digest of. */
export function writeAuthority(out: BodyWriter, { limits, grants }: Pick<Request, 'limits' | 'grants'>): void {
  out.f64(limits.fuel);
  out.f64(limits.memoryBytes);
  out.f64(limits.deadlineMs);
  out.f64(limits.outputBytes);
  out.f64(limits.logBytes);
  out.list(grants.publish, (filter) => out.text(filter));
  writeMap(out, grants.buckets, ({ id, access }) => {
    out.text(id);
    out.u8(ACCESS.indexOf(access));
  });
}

function readLimits(body: BodyReader): Limits {
  return {
    fuel: body.count('the fuel limit'),
    memoryBytes: body.count('the memory limit'),
    deadlineMs: body.amount('the deadline'),
    outputBytes: body.count('the output limit'),
    logBytes: body.count('the log limit'),
  };
}

function readGrants(body: BodyReader): Grants {
  return {
    publish: body.list('the grants to publish', () => body.name('a topic filter')),
    buckets: readMap(body, 'the buckets', () => {
      return { id: body.name('the name of a bucket'), access: body.choice('the access to a bucket', ACCESS) };
    }),
  };
}

function writeMap<Value>(out: BodyWriter, map: Readonly<Record<string, Value>>, write: (value: Value) => void): void {
  out.list(Object.entries(map), ([key, value]) => {
    out.text(key);
    write(value);
  });
}

/** A key may be "__proto__": as an own entry it is like any other. */
function readMap<Value>(body: BodyReader, what: string, read: () => Value): Readonly<Record<string, Value>> {
  return Object.fromEntries(body.list(what, () => [body.name(`a key of ${what}`), read()] as const));
}
