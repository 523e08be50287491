/** Records as JSON, with bytes in base64: what the API gives, and what a replay begins with. */
import type { Effect, Read, TaskEvent } from '../../runtime/index.js';
import type { StoredRecord } from '../store/index.js';

type Shown<T> = { readonly [Key in keyof T]: T[Key] extends Uint8Array ? string : T[Key] };

type ShownEffect =
  | Shown<Extract<Effect, { kind: 'publish' }>>
  | Shown<Extract<Effect, { kind: 'set' }>>
  | Extract<Effect, { kind: 'delete' }>;

type ShownRead = Omit<Read, 'value'> & { readonly value?: string };

/** See `RunRecord`; `payload` and `value` are in base64. */
export interface RecordJson extends Omit<StoredRecord, 'event' | 'effects' | 'reads'> {
  readonly event: Shown<TaskEvent>;
  readonly effects: readonly ShownEffect[];
  readonly reads: readonly ShownRead[];
}

export function recordJson(record: StoredRecord): RecordJson {
  const { event, effects, reads } = record;
  return {
    ...record,
    event: { ...event, payload: textOf(event.payload) },
    effects: effects.map((effect): ShownEffect => {
      switch (effect.kind) {
        case 'publish':
          return { ...effect, payload: textOf(effect.payload) };
        case 'set':
          return { ...effect, value: textOf(effect.value) };
        case 'delete':
          return effect;
      }
    }),
    reads: reads.map(({ value, ...read }) => (value === undefined ? read : { ...read, value: textOf(value) })),
  };
}

/** @throws Error when it is no record. */
export function recordOfJson(json: unknown): StoredRecord {
  if (!isRecordJson(json)) throw new Error('the hub’s answer is no record of a run: is it of another version?');
  const { event, effects, reads } = json;
  return {
    ...json,
    event: { ...event, payload: bytesOf(event.payload) },
    effects: effects.map((effect): Effect => {
      switch (effect.kind) {
        case 'publish':
          return { ...effect, payload: bytesOf(effect.payload) };
        case 'set':
          return { ...effect, value: bytesOf(effect.value) };
        case 'delete':
          return effect;
      }
    }),
    reads: reads.map(({ value, ...read }) => (value === undefined ? read : { ...read, value: bytesOf(value) })),
  };
}

/** As far as it is looked at here: whoever answers has the hub's token file. */
function isRecordJson(value: unknown): value is RecordJson {
  return (
    isObject(value) &&
    typeof value['runId'] === 'string' &&
    isObject(value['task']) &&
    typeof value['task']['component'] === 'string' &&
    isObject(value['event']) &&
    typeof value['event']['payload'] === 'string' &&
    isObject(value['outcome']) &&
    isObject(value['usage']) &&
    Array.isArray(value['effects']) &&
    Array.isArray(value['reads']) &&
    Array.isArray(value['pages']) &&
    Array.isArray(value['log'])
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}
