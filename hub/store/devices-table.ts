import { DEVICES_BUCKET } from '../devices-bucket.js';
import { STORE_BOUNDS } from './limits.js';
import { blobOf, type Connection, type Statement } from './sqlite.js';
import type { Seen } from './store.js';

/** The bucket `devices`: rows of `state` like any other, of which the topic seen longest ago goes when there are too many. */
export class DevicesTable {
  readonly #connection: Connection;
  readonly #upsert: Statement;
  readonly #remove: Statement;
  /** Bytes of each entry; the topic that was seen longest ago comes first. */
  readonly #entries = new Map<string, number>();
  #bytes = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#upsert = connection.prepare(
      'INSERT INTO state VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value, version = excluded.version',
    );
    this.#remove = connection.prepare('DELETE FROM state WHERE bucket = ? AND key = ?');
    this.#load();
  }

  /** Within the caller's transaction. @param revision What the rows' version is. */
  write(seen: readonly Seen[], revision: number): void {
    for (const { topic, payload } of seen) {
      this.#forget(topic);
      if (payload === undefined) this.#remove.run(DEVICES_BUCKET, Buffer.from(topic));
      else {
        this.#upsert.run(DEVICES_BUCKET, Buffer.from(topic), payload, revision);
        this.#note(topic, Buffer.byteLength(topic) + payload.length);
      }
    }
    for (const topic of this.#entries.keys()) {
      if (this.#entries.size <= STORE_BOUNDS.deviceTopics && this.#bytes <= STORE_BOUNDS.deviceBytes) return;
      this.#forget(topic);
      this.#remove.run(DEVICES_BUCKET, Buffer.from(topic));
    }
  }

  /** Within the caller's transaction. */
  clear(): void {
    if (this.#entries.size === 0) return;
    this.#connection.prepare('DELETE FROM state WHERE bucket = ?').run(DEVICES_BUCKET);
    this.#entries.clear();
    this.#bytes = 0;
  }

  /** After the transaction was rolled back: what is there is what was there. */
  rolledBack(): void {
    this.#entries.clear();
    this.#bytes = 0;
    this.#load();
  }

  #load(): void {
    const rows = this.#connection
      .prepare('SELECT key, length(key) + length(value) AS bytes FROM state WHERE bucket = ? ORDER BY version')
      .all(DEVICES_BUCKET);
    for (const { key, bytes } of rows) this.#note(Buffer.from(blobOf(key)).toString('utf8'), Number(bytes));
  }

  #note(topic: string, bytes: number): void {
    this.#entries.set(topic, bytes);
    this.#bytes += bytes;
  }

  #forget(topic: string): void {
    this.#bytes -= this.#entries.get(topic) ?? 0;
    this.#entries.delete(topic);
  }
}
