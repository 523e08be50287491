import { Packer, Unpacker } from './packing.js';
import { blobOf, type Connection, type Statement } from './sqlite.js';
import type { StoredShaping } from './store.js';

/** What the shaping of each trigger remembers: a row each. Writes are within the caller's transaction. */
export class ShapingTable {
  readonly #select: Statement;
  readonly #upsert: Statement;
  readonly #clear: Statement;
  readonly #isComplete: Statement;
  readonly #setComplete: Statement;

  constructor(connection: Connection) {
    this.#select = connection.prepare('SELECT * FROM shaping');
    this.#upsert = connection.prepare('INSERT OR REPLACE INTO shaping VALUES (?, ?, ?, ?)');
    this.#clear = connection.prepare('DELETE FROM shaping');
    this.#isComplete = connection.prepare("SELECT number FROM meta WHERE name = 'shaping is complete'");
    this.#setComplete = connection.prepare("INSERT OR REPLACE INTO meta VALUES ('shaping is complete', ?)");
  }

  load(): { readonly memories: readonly StoredShaping[]; readonly isComplete: boolean } {
    const memories = this.#select.all().map((row) => ({
      task: String(row['task']),
      filter: String(row['filter']),
      rules: String(row['rules']),
      ...unpackMemory(blobOf(row['memory'])),
    }));
    return { memories, isComplete: Number(this.#isComplete.get()?.['number'] ?? 0) === 1 };
  }

  write(memories: readonly StoredShaping[], isComplete: boolean): void {
    if (isComplete) this.#clear.run();
    for (const memory of memories) {
      this.#upsert.run(memory.task, memory.filter, memory.rules, packMemory(memory));
    }
    this.#setComplete.run(isComplete ? 1 : 0);
  }
}

/** Says which of the two a key has. */
const VALUE = 1;
const OPEN_AT = 2;

function packMemory({ keys, seen }: Pick<StoredShaping, 'keys' | 'seen'>): Uint8Array {
  const packer = new Packer();
  packer.whole(keys.length);
  for (const { key, value, openAtMs } of keys) {
    packer.text(key);
    packer.whole((value === undefined ? 0 : VALUE) + (openAtMs === undefined ? 0 : OPEN_AT));
    if (value !== undefined) packer.text(value);
    if (openAtMs !== undefined) packer.number(openAtMs);
  }
  packer.whole(seen.length);
  for (const [text, atMs] of seen) {
    packer.text(text);
    packer.number(atMs);
  }
  return packer.packed();
}

function unpackMemory(packed: Uint8Array): Pick<StoredShaping, 'keys' | 'seen'> {
  const unpacker = new Unpacker(packed);
  const keys: StoredShaping['keys'][number][] = [];
  for (let left = unpacker.whole(); left > 0; left--) {
    const [key, has] = [unpacker.text(), unpacker.whole()];
    const value = (has & VALUE) === 0 ? undefined : unpacker.text();
    keys.push({ key, value, openAtMs: (has & OPEN_AT) === 0 ? undefined : unpacker.number() });
  }
  const seen: [string, number][] = [];
  for (let left = unpacker.whole(); left > 0; left--) seen.push([unpacker.text(), unpacker.number()]);
  return { keys, seen };
}
