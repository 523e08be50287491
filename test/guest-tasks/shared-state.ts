/** State for tests of tasks: one text in memory that the test and the runtime's thread share. */
import type { StateReader, StateSnapshot, Stored } from '../../runtime/index.js';

/** Enough for the state of any task tested here. */
const MOST_BYTES = 64 * 1024;

/** "bucket/key" -> value in base64. The test writes it between runs only. */
export class SharedState {
  readonly memory: SharedArrayBuffer;
  readonly #length: Int32Array;
  readonly #text: Uint8Array;

  constructor(memory = new SharedArrayBuffer(4 + MOST_BYTES)) {
    this.memory = memory;
    this.#length = new Int32Array(memory, 0, 1);
    this.#text = new Uint8Array(memory, 4);
  }

  write(values: ReadonlyMap<string, string>): void {
    const bytes = Buffer.from(JSON.stringify([...values]));
    this.#text.set(bytes);
    Atomics.store(this.#length, 0, bytes.length);
  }

  read(): ReadonlyMap<string, string> {
    const length = Atomics.load(this.#length, 0);
    if (length === 0) return new Map();
    const entries: unknown = JSON.parse(Buffer.from(this.#text.slice(0, length)).toString());
    if (!Array.isArray(entries)) throw new TypeError('the state must be a list of entries');
    return new Map(entries.filter(isEntry));
  }
}

function isEntry(entry: unknown): entry is [string, string] {
  return Array.isArray(entry) && entry.length === 2;
}

/** What the runtime loads in each of its threads. */
export function openState(options: unknown): StateReader {
  if (!(options instanceof SharedArrayBuffer)) throw new TypeError('options must be the memory of a SharedState');
  const state = new SharedState(options);
  return { snapshot: () => snapshotOf(state.read()), close: () => undefined };
}

function snapshotOf(values: ReadonlyMap<string, string>): StateSnapshot {
  return {
    get(bucket, key): Stored | undefined {
      const value = values.get(`${bucket}/${key}`);
      return value === undefined ? undefined : { value: Buffer.from(value, 'base64'), version: 1 };
    },
    keys(bucket, after, limit) {
      const prefix = `${bucket}/`;
      const keys = [...values.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
      const rest = keys.filter((key) => after === undefined || key > after);
      return rest.toSorted().slice(0, limit);
    },
    keysVersion: () => 1,
    release: () => undefined,
  };
}
