/**
 * One run as the host imports see it: what it may do, what it has asked for,
 * what it used up. Effects are collected here and leave only with the result.
 */
import { RUNTIME_BOUNDS } from '../limits.js';
import { HOST_CALL_FUEL, HOST_FUEL_PER_BYTE, HOST_FUEL_PER_ITEM } from '../provision/meter/costs.js';
import type { Collected } from '../checkpoint/checkpoint.js';
import { mayPublish } from '../grants.js';
import type { StateReader, StateSnapshot } from '../state.js';
import type {
  BucketGrant,
  Bytes,
  Effect,
  Fuel,
  KeyPage,
  Limits,
  Listed,
  LogLevel,
  LogLine,
  Outcome,
  Read,
  RunRequest,
} from '../task.js';
import { topicFault } from '../topic.js';
import type { Handles } from './abi/handles.js';
import type { Gauge } from './gauge.js';
import { LineLog } from './line-log.js';
import { Random } from './random.js';
import { ReadRecord } from './read-record.js';

/** A run's clocks move with its fuel, so that they repeat exactly: about as fast as a hub's processor spends it. */
const FUEL_PER_NANOSECOND = 10;

/** A value as a run sees it: written by the run itself, or read from the snapshot. */
export type Seen = Uint8Array | undefined;

/** Values by bucket and key. */
type ByBucket = Map<string, Map<string, Seen>>;

/** Where a guest's standard library writes: lines of the log. */
export type StandardStream = 'stdout' | 'stderr';

const STREAM_LEVEL: Readonly<Record<StandardStream, LogLevel>> = { stdout: 'info', stderr: 'warn' };

/** What a cut line has besides its bytes: its context and an ellipsis. */
const LINE_OVERHEAD_BYTES = 'stdout'.length + Buffer.byteLength('…');

/** Thrown in place of what the guest called: it is to execute nothing more. */
class RunEnded extends Error {
  override readonly name = 'RunEnded';
}

/** The instance that executes a run, as far as the run needs it. */
export interface Executing {
  readonly gauge: Gauge;
  readonly handles: Handles;
}

export class RunContext {
  readonly effects: Effect[] = [];
  readonly reads: Read[] = [];
  readonly log: LogLine[] = [];
  droppedLogLines = 0;
  outputBytes: Bytes = 0;
  logBytes: Bytes = 0;
  hostMs = 0;
  /** An outcome that stands whatever the guest does next. */
  verdict: Outcome | undefined;
  /** The progress it offered last. */
  progress = 0;
  /** Memory that the guest asked for was refused. */
  memoryRefused = false;
  /** Limits that it asked about. */
  readonly asked = new Set<keyof Limits>();
  /** How it broke the canonical ABI. */
  abiFault: string | undefined;

  readonly request: RunRequest;
  readonly gauge: Gauge;
  readonly handles: Handles;
  readonly #state: StateReader | undefined;
  readonly #record: ReadRecord | undefined;
  // Most runs need few of these, and making a map costs as much as a host call.
  #written: ByBucket | undefined;
  #read: ByBucket | undefined;
  #streams: Map<StandardStream, LineLog> | undefined;
  /** Of the keys that it looked at. */
  #readLength = 0;
  /** Of the values that it found. */
  #readBytes: Bytes = 0;
  #pages: Map<string, string[]> | undefined;
  #listed: Map<string, number> | undefined;
  #snapshot: StateSnapshot | undefined;
  /** When it was first seen at a slice's end. */
  #snapshotSeenMs: number | undefined;
  #random: Random | undefined;

  constructor(request: RunRequest, instance: Executing, state: StateReader | undefined) {
    this.request = request;
    this.gauge = instance.gauge;
    this.handles = instance.handles;
    this.#state = state;
    this.#record = request.recordReads === true ? new ReadRecord() : undefined;
  }

  /** Charges a host call for the bytes that cross. @throws RunEnded */
  charge(bytes: Bytes): void {
    this.#take(HOST_CALL_FUEL + bytes * HOST_FUEL_PER_BYTE);
  }

  /** Charges what a host call does for each item of a list. @throws RunEnded */
  chargeItems(count: number): void {
    this.#take(count * HOST_FUEL_PER_ITEM);
  }

  /** A guest that is to stop may not come to a look at its fuel for thousands of calls: none of them does anything. */
  #take(fuel: Fuel): void {
    this.gauge.charge(fuel);
    if (this.gauge.stopped !== undefined) throw new RunEnded(`the run was stopped: ${this.gauge.stopped}`);
  }

  /** Nanoseconds since the run's start, on its own clock. */
  get elapsedNs(): number {
    return this.gauge.used / FUEL_PER_NANOSECOND;
  }

  get random(): Random {
    this.#random ??= new Random(this.request.seed);
    return this.#random;
  }

  deny(message: string): void {
    this.verdict ??= { kind: 'denied', message: shown(message) };
  }

  /** Ends the run as not granted what it asks for, where the call has no error to answer with. @throws RunEnded */
  refuse(message: string): never {
    this.deny(message);
    this.gauge.stop('verdict');
    throw new RunEnded(message);
  }

  /** Ends the run: the guest has left without an answer to its event. @throws RunEnded */
  exit(status: string): never {
    const message = `the task called exit with ${status}`;
    this.verdict ??= { kind: 'failed', message };
    this.gauge.stop('verdict');
    throw new RunEnded(message);
  }

  /** Notes that the guest broke the canonical ABI, and ends it. */
  breakAbi(message: string): void {
    this.abiFault ??= message;
    this.gauge.stop('abi');
  }

  /** Notes that the guest puts out more than it may, and ends it. */
  overOutput(message: string): void {
    this.verdict ??= { kind: 'output-limit', message: shown(message) };
    this.gauge.stop('output');
  }

  /** Counts output; over the limit the run is stopped. @returns whether it fits. */
  #spendOutput(bytes: Bytes, what: string): boolean {
    if (this.effects.length >= RUNTIME_BOUNDS.effects) {
      this.overOutput(`${what} would be one effect more than the ${RUNTIME_BOUNDS.effects} that a run may have`);
      return false;
    }
    const { outputBytes: limit } = this.request.limits;
    if (this.outputBytes + bytes > limit) {
      this.overOutput(`${what} would bring the run's output above its limit of ${limit} bytes`);
      return false;
    }
    this.outputBytes += bytes;
    return true;
  }

  /** @returns why it was refused, or undefined. */
  publish(effect: Omit<Extract<Effect, { kind: 'publish' }>, 'kind'>): string | undefined {
    const { topic, payload } = effect;
    const fault = topicFault(topic);
    if (fault !== undefined) return fault;
    if (!mayPublish(this.request.grants, topic)) {
      const message = `publish to "${topic}" is not granted`;
      this.deny(message);
      return message;
    }
    if (
      !this.#spendOutput(Buffer.byteLength(topic) + payload.length, `publishing ${payload.length} bytes to "${topic}"`)
    ) {
      return 'the output limit is reached';
    }
    this.effects.push({ kind: 'publish', ...effect });
    return undefined;
  }

  /** The grant behind a bucket's name, or undefined after noting that it was denied. */
  bucket(name: string): BucketGrant | undefined {
    const { buckets } = this.request.grants;
    if (Object.hasOwn(buckets, name)) return buckets[name];
    this.deny(`bucket "${name}" is not granted`);
    return undefined;
  }

  /** Whether it may look at one key more, of this length. */
  mayRead(length: number): boolean {
    return (
      this.reads.length < RUNTIME_BOUNDS.reads &&
      this.#readLength + length <= RUNTIME_BOUNDS.readLength &&
      this.#readBytes <= RUNTIME_BOUNDS.readBytes
    );
  }

  read(bucket: string, key: string): Seen {
    const written = this.#written?.get(bucket);
    if (written?.has(key) === true) return written.get(key);
    const known = submap((this.#read ??= new Map<string, Map<string, Seen>>()), bucket);
    if (known.has(key)) return known.get(key);
    const stored = this.#state === undefined ? undefined : this.#snapshotNow(this.#state).get(bucket, key);
    this.#readLength += key.length;
    this.#readBytes += stored?.value.length ?? 0;
    this.reads.push(
      stored !== undefined && this.#record?.takes(stored.value.length) === true
        ? { bucket, key, version: stored.version, value: stored.value }
        : { bucket, key, version: stored?.version ?? 0 },
    );
    known.set(key, stored?.value);
    return stored?.value;
  }

  /** @returns why it was refused, or undefined. */
  write(bucket: BucketGrant, key: string, value: Seen): string | undefined {
    if (bucket.access !== 'read-write') {
      const message = `writing to bucket "${bucket.id}" is not granted`;
      this.deny(message);
      return message;
    }
    if (!this.#spendOutput(Buffer.byteLength(key) + (value?.length ?? 0), `writing key "${key}"`))
      return 'the output limit is reached';
    submap((this.#written ??= new Map<string, Map<string, Seen>>()), bucket.id).set(key, value);
    this.effects.push(
      value === undefined ? { kind: 'delete', bucket: bucket.id, key } : { kind: 'set', bucket: bucket.id, key, value },
    );
    return undefined;
  }

  /** The last key of each page that was listed of a bucket, in order. */
  pagesOf(bucket: string): string[] {
    this.#pages ??= new Map();
    let pages = this.#pages.get(bucket);
    if (pages === undefined) this.#pages.set(bucket, (pages = []));
    return pages;
  }

  /** Keys in ascending order, those after `after`, at most `limit`, with the run's own writes. Charges all it looks at. */
  keys(bucket: string, after: string | undefined, limit: number): string[] {
    const written = this.#written?.get(bucket);
    const stored =
      this.#state === undefined ? [] : this.#storedKeys(this.#state, bucket, after, limit + (written?.size ?? 0));
    this.charge(lengthOf(stored) + lengthOf(written?.keys() ?? []));
    this.chargeItems(stored.length + (written?.size ?? 0));
    const keys = new Set(stored);
    for (const [key, value] of written ?? []) {
      if (value === undefined) keys.delete(key);
      else if (after === undefined || compareKeys(key, after) > 0) keys.add(key);
    }
    return [...keys].toSorted(compareKeys).slice(0, limit);
  }

  /** Buckets whose keys it listed. */
  get listed(): readonly Listed[] | undefined {
    return this.#listed === undefined
      ? undefined
      : Array.from(this.#listed, ([bucket, version]) => ({ bucket, version }));
  }

  /** The lists of keys that it was given, when that is asked for. */
  get pages(): readonly KeyPage[] | undefined {
    return this.#record?.pages;
  }

  get unrecorded(): string | undefined {
    return this.#record?.fault;
  }

  #storedKeys(state: StateReader, bucket: string, after: string | undefined, limit: number): readonly string[] {
    const snapshot = this.#snapshotNow(state);
    this.#listed ??= new Map();
    const version = snapshot.keysVersion(bucket);
    if (!this.#listed.has(bucket)) this.#listed.set(bucket, version);
    // Not of the moment at which it looked first.
    if (this.#listed.get(bucket) !== version) this.#record?.spoil(`keys of "${bucket}" changed while it went on`);
    const keys = snapshot.keys(bucket, after, limit);
    this.#record?.page({ bucket, after, limit, keys });
    return keys;
  }

  addLog(line: LogLine): void {
    const bytes = Buffer.byteLength(line.context) + Buffer.byteLength(line.message);
    if (this.logBytes + bytes > this.request.limits.logBytes || this.log.length >= RUNTIME_BOUNDS.logLines) {
      this.droppedLogLines = Math.min(this.droppedLogLines + 1, RUNTIME_BOUNDS.droppedLogLines);
      return;
    }
    this.logBytes += bytes;
    this.log.push(line);
  }

  /** Adds what a guest wrote to its log, a line at a time, each at the price of a call. */
  writeTo(stream: StandardStream, bytes: Uint8Array): void {
    this.gauge.charge(this.#linesOf(stream).write(bytes) * HOST_CALL_FUEL);
  }

  #linesOf(stream: StandardStream): LineLog {
    this.#streams ??= new Map();
    let lines = this.#streams.get(stream);
    if (lines === undefined) {
      const add = (message: string): void => this.addLog({ level: STREAM_LEVEL[stream], context: stream, message });
      lines = new LineLog(add, Math.max(0, this.request.limits.logBytes - LINE_OVERHEAD_BYTES));
      this.#streams.set(stream, lines);
    }
    return lines;
  }

  /** Adds lines that were not ended. */
  endLines(): void {
    for (const lines of this.#streams?.values() ?? []) lines.end();
  }

  /** What a checkpoint has of it. */
  collected(): Collected {
    const { effects, log, droppedLogLines, outputBytes, logBytes, verdict, memoryRefused } = this;
    return {
      effects: [...effects],
      reads: this.reads.map((read) => {
        const value = this.#read?.get(read.bucket)?.get(read.key);
        return { ...read, value, isRecorded: read.value !== undefined };
      }),
      log: [...log],
      droppedLogLines,
      outputBytes,
      logBytes,
      verdict,
      memoryRefused,
      cursors: [...(this.#pages ?? [])].map(([bucket, keys]) => [bucket, [...keys]] as const),
      listed: this.listed ?? [],
      pages: this.pages ?? [],
      unrecorded: this.unrecorded,
      unfinished: [...(this.#streams ?? [])].map(([stream, lines]) => ({ stream, ...lines.unfinished })),
      random: this.#random?.state,
    };
  }

  /** Before the run goes on: what it had collected elsewhere. */
  continueFrom(collected: Collected): void {
    this.effects.push(...collected.effects);
    this.log.push(...collected.log);
    this.droppedLogLines = collected.droppedLogLines;
    this.outputBytes = collected.outputBytes;
    this.logBytes = collected.logBytes;
    this.verdict = collected.verdict;
    this.memoryRefused = collected.memoryRefused;
    for (const { value, isRecorded, ...read } of collected.reads) {
      this.reads.push(isRecorded ? { ...read, value } : read);
      this.#readLength += read.key.length;
      this.#readBytes += value?.length ?? 0;
      submap((this.#read ??= new Map<string, Map<string, Seen>>()), read.bucket).set(read.key, value);
    }
    for (const effect of collected.effects) {
      if (effect.kind === 'publish') continue;
      const value = effect.kind === 'set' ? effect.value : undefined;
      submap((this.#written ??= new Map<string, Map<string, Seen>>()), effect.bucket).set(effect.key, value);
    }
    for (const [bucket, keys] of collected.cursors) this.pagesOf(bucket).push(...keys);
    if (collected.listed.length > 0) {
      this.#listed = new Map(collected.listed.map(({ bucket, version }) => [bucket, version]));
    }
    this.#record?.continueFrom(collected);
    for (const line of collected.unfinished) this.#linesOf(line.stream).continueFrom(line);
    if (collected.random !== undefined) this.random.state = collected.random;
  }

  #snapshotNow(state: StateReader): StateSnapshot {
    return (this.#snapshot ??= state.snapshot());
  }

  /** A run that takes long keeps no moment of the state open. @param nowMs on a monotonic clock. */
  sliceEnded(nowMs: number): void {
    if (this.#snapshot === undefined) return;
    this.#snapshotSeenMs ??= nowMs;
    if (nowMs - this.#snapshotSeenMs >= RUNTIME_BOUNDS.snapshotMs) this.release();
  }

  /** Ends what the run holds open on this side. */
  release(): void {
    this.#snapshot?.release();
    this.#snapshot = undefined;
    this.#snapshotSeenMs = undefined;
  }
}

/** A message for people, cut where a guest made it long: it goes to the main thread, and into the run's record. */
function shown(message: string): string {
  const most = RUNTIME_BOUNDS.messageLength;
  return message.length > most ? `${message.slice(0, most)}…`.toWellFormed() : message;
}

function lengthOf(keys: Iterable<string>): number {
  let length = 0;
  for (const key of keys) length += key.length;
  return length;
}

function submap(map: ByBucket, name: string): Map<string, Seen> {
  let inner = map.get(name);
  if (inner === undefined) {
    inner = new Map();
    map.set(name, inner);
  }
  return inner;
}

/** The order of the keys' UTF-8 bytes, which is the order of their code points. */
function compareKeys(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const difference = codePointOrder(a.charCodeAt(i)) - codePointOrder(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all others. */
function codePointOrder(unit: number): number {
  const isSurrogate = unit >= 0xd800 && unit < 0xe000;
  return isSurrogate ? unit + 0x10000 : unit;
}
