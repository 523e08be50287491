/** How records of runs are written into rows of `run_records`. */
import type { Effect, KeyPage, LogLevel, LogLine, Outcome, QoS, Read } from '../../runtime/index.js';
import { STORE_BOUNDS } from './limits.js';
import { MOST_WHOLE, Packer, Unpacker } from './packing.js';
import type { RunRecord, TaskVersion } from './run-record.js';

/** Rows of another format are refused by name. Formats are added, never changed. */
const FORMAT = 1;

const RETAIN = 4;

const LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'critical'];

const EFFECT = { publish: 0, set: 1, delete: 2 } as const;

/** What most runs do not have, as JSON: of most records this is the empty text. */
interface Rare {
  readonly where?: string | undefined;
  readonly outcome?: Outcome | undefined;
  readonly executed?: Outcome | undefined;
  readonly pages?: readonly KeyPage[] | undefined;
  readonly notReplayable?: string | undefined;
}

const HERE = 'local';

/**
 * Packs the records of a row. The row's texts come first, as one: writing one long text costs what a short one does. The
 * rest refers to them by their lengths in UTF-16 units.
 */
export class RecordPacker {
  readonly #row = new Packer();
  readonly #rest = new Packer();
  #texts = '';

  /**
   * Packs records from `from` on, as many as a row has.
   * @param idOf the number that the version has in `task_versions`.
   * @returns the row, until the next call, and how many records are in it: one or more.
   */
  pack(
    records: readonly RunRecord[],
    from: number,
    idOf: (task: TaskVersion) => number,
  ): { readonly row: Uint8Array; readonly count: number } {
    this.#row.clear();
    this.#rest.clear();
    this.#texts = '';
    let count = 0;
    for (const record of from === 0 ? records : records.slice(from)) {
      if (this.#rest.length + this.#texts.length >= STORE_BOUNDS.recordRowBytes) break;
      this.#record(record, idOf(record.task));
      count++;
    }
    this.#row.whole(FORMAT);
    this.#row.text(this.#texts);
    this.#row.bytes(this.#rest.packed());
    return { row: this.#row.packed(), count };
  }

  #text(value: string): void {
    this.#rest.whole(value.length);
    this.#texts += value;
  }

  #record(record: RunRecord, task: number): void {
    const { event, usage, reads, log } = record;
    const rest = this.#rest;
    this.#text(record.runId);
    rest.whole(task);
    this.#text(event.topic);
    rest.bytes(event.payload);
    rest.whole(event.qos + (event.retain ? RETAIN : 0));
    rest.number(event.arrivedAtMs);
    this.#captures(event.captures);
    rest.whole(record.attempt);
    rest.number(record.clockMs);
    rest.number(record.seed);
    rest.number(record.startedAtMs);
    rest.number(usage.fuel);
    rest.number(usage.peakMemoryBytes);
    rest.number(usage.wallMs);
    rest.number(usage.hostMs);
    rest.number(usage.outputBytes);
    rest.number(usage.logBytes);
    rest.whole(record.effects.length);
    for (const effect of record.effects) this.#effect(effect);
    rest.whole(reads.length);
    for (const { bucket, key, version, value } of reads) {
      this.#text(bucket);
      this.#text(key);
      rest.number(version);
      rest.whole(value === undefined ? 0 : 1);
      if (value !== undefined) rest.bytes(value);
    }
    rest.whole(log.length);
    for (const { level, context, message } of log) {
      rest.whole(LEVELS.indexOf(level));
      this.#text(context);
      this.#text(message);
    }
    rest.whole(Math.min(record.droppedLogLines, MOST_WHOLE));
    this.#text(rareText(record));
  }

  #captures(captures: Readonly<Record<string, string>>): void {
    const names = Object.keys(captures);
    this.#rest.whole(names.length);
    for (const name of names) {
      this.#text(name);
      this.#text(captures[name] ?? '');
    }
  }

  #effect(effect: Effect): void {
    const rest = this.#rest;
    rest.whole(EFFECT[effect.kind]);
    switch (effect.kind) {
      case 'publish':
        this.#text(effect.topic);
        rest.bytes(effect.payload);
        rest.whole(effect.qos + (effect.retain ? RETAIN : 0));
        break;
      case 'set':
        this.#text(effect.bucket);
        this.#text(effect.key);
        rest.bytes(effect.value);
        break;
      case 'delete':
        this.#text(effect.bucket);
        this.#text(effect.key);
        break;
    }
  }
}

/** Takes up what a `RecordPacker` laid down. */
class RecordUnpacker {
  readonly #texts: string;
  readonly #rest: Unpacker;
  #at = 0;

  constructor(row: Unpacker) {
    this.#texts = row.text();
    this.#rest = new Unpacker(row.bytes());
  }

  get done(): boolean {
    return this.#rest.done;
  }

  whole(): number {
    return this.#rest.whole();
  }

  number(): number {
    return this.#rest.number();
  }

  bytes(): Uint8Array {
    return this.#rest.bytes();
  }

  text(): string {
    const from = this.#at;
    this.#at += this.#rest.whole();
    if (this.#at > this.#texts.length) throw new RangeError('Cannot unpack a record as its row has too little text');
    return this.#texts.slice(from, this.#at);
  }
}

/** @throws Error when the row is of a later format, or not whole. */
export function unpackRecords(packed: Uint8Array, taskOf: (id: number) => TaskVersion): RunRecord[] {
  const row = new Unpacker(packed);
  const format = row.whole();
  if (format !== FORMAT) throw new Error(`Cannot read a record of format ${format}: this Sterna knows ${FORMAT}`);
  const unpacker = new RecordUnpacker(row);
  const records: RunRecord[] = [];
  while (!unpacker.done) records.push(unpackRecord(unpacker, taskOf));
  return records;
}

function unpackRecord(unpacker: RecordUnpacker, taskOf: (id: number) => TaskVersion): RunRecord {
  const runId = unpacker.text();
  const task = taskOf(unpacker.whole());
  const [topic, payload, flags, arrivedAtMs] = [unpacker.text(), unpacker.bytes(), unpacker.whole(), unpacker.number()];
  const captures = unpackCaptures(unpacker);
  const [attempt, clockMs, seed, startedAtMs] = [
    unpacker.whole(),
    unpacker.number(),
    unpacker.number(),
    unpacker.number(),
  ];
  const usage = {
    fuel: unpacker.number(),
    peakMemoryBytes: unpacker.number(),
    wallMs: unpacker.number(),
    hostMs: unpacker.number(),
    outputBytes: unpacker.number(),
    logBytes: unpacker.number(),
  };
  const [effects, reads, log] = [unpackEffects(unpacker), unpackReads(unpacker), unpackLog(unpacker)];
  const droppedLogLines = unpacker.whole();
  const {
    where = HERE,
    outcome = { kind: 'completed' },
    executed,
    pages = [],
    notReplayable,
  } = rareOf(unpacker.text());
  const id = runId.slice(0, Math.max(0, runId.lastIndexOf('/')));
  const event = { id, topic, payload, ...deliveryOf(flags), arrivedAtMs, captures };
  const ended = { outcome, executed, effects, reads, pages, log, droppedLogLines, usage, startedAtMs, notReplayable };
  return { runId, task, event, attempt, clockMs, seed, where, ...ended };
}

function unpackCaptures(unpacker: RecordUnpacker): Record<string, string> {
  const entries: [string, string][] = [];
  for (let left = unpacker.whole(); left > 0; left--) entries.push([unpacker.text(), unpacker.text()]);
  return Object.fromEntries(entries);
}

function unpackEffects(unpacker: RecordUnpacker): Effect[] {
  const effects: Effect[] = [];
  for (let left = unpacker.whole(); left > 0; left--) effects.push(unpackEffect(unpacker));
  return effects;
}

function unpackEffect(unpacker: RecordUnpacker): Effect {
  const kind = unpacker.whole();
  switch (kind) {
    case EFFECT.publish: {
      const [topic, payload] = [unpacker.text(), unpacker.bytes()];
      return { kind: 'publish', topic, payload, ...deliveryOf(unpacker.whole()) };
    }
    case EFFECT.set:
      return { kind: 'set', bucket: unpacker.text(), key: unpacker.text(), value: unpacker.bytes() };
    case EFFECT.delete:
      return { kind: 'delete', bucket: unpacker.text(), key: unpacker.text() };
    default:
      throw new RangeError(`Cannot unpack an effect as there is no kind ${kind}`);
  }
}

function unpackReads(unpacker: RecordUnpacker): Read[] {
  const reads: Read[] = [];
  for (let left = unpacker.whole(); left > 0; left--) {
    const [bucket, key, version] = [unpacker.text(), unpacker.text(), unpacker.number()];
    const value = unpacker.whole() === 0 ? undefined : unpacker.bytes();
    reads.push(value === undefined ? { bucket, key, version } : { bucket, key, version, value });
  }
  return reads;
}

function unpackLog(unpacker: RecordUnpacker): LogLine[] {
  const log: LogLine[] = [];
  for (let left = unpacker.whole(); left > 0; left--) {
    const level = LEVELS[unpacker.whole()] ?? 'info';
    log.push({ level, context: unpacker.text(), message: unpacker.text() });
  }
  return log;
}

function rareText({ where, outcome, executed, pages, notReplayable }: RunRecord): string {
  const completed = outcome.kind === 'completed';
  if (where === HERE && completed && executed === undefined && pages.length === 0 && notReplayable === undefined)
    return '';
  return JSON.stringify({
    where: where === HERE ? undefined : where,
    outcome: completed ? undefined : outcome,
    executed,
    pages: pages.length === 0 ? undefined : pages,
    notReplayable,
  } satisfies Rare);
}

function rareOf(text: string): Rare {
  if (text === '') return {};
  const rare: unknown = JSON.parse(text);
  if (!isRare(rare)) throw new TypeError('Cannot unpack a record as its rare part is not an object');
  return rare;
}

/** Written by `rareText`, in a database whose pages are checked when it is opened. */
function isRare(value: unknown): value is Rare {
  return typeof value === 'object' && value !== null;
}

function deliveryOf(flags: number): { readonly qos: QoS; readonly retain: boolean } {
  const level = flags & 3;
  return { qos: level === 2 ? 2 : level === 1 ? 1 : 0, retain: (flags & RETAIN) !== 0 };
}
