import { STORE_BOUNDS } from './limits.js';
import { packMessages, unpackMessages } from './packed-rows.js';
import { blobOf, type Connection, type Statement } from './sqlite.js';
import type { DeadMessage, OutboxGroup, StoredMessage } from './store.js';

/** Messages that the broker does not have yet, and those that it will not take. All within the caller's transaction. */
export class OutboxTable {
  readonly #connection: Connection;
  readonly #insert: Statement;
  readonly #remove: Statement;
  readonly #range: Statement;
  readonly #bury: Statement;
  readonly #pruneDead: Statement;
  /** Count and bytes of each group, so that the sums are known without reading. */
  readonly #groups = new Map<number, { readonly count: number; readonly bytes: number }>();
  #count = 0;
  #bytes = 0;
  #lastId: number;
  /** What the transaction adds: its group, and the bytes of what is in it. */
  #pending: StoredMessage[] = [];
  #pendingBytes = 0;
  #packedBytes = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#insert = connection.prepare('INSERT INTO outbox VALUES (?, ?, ?)');
    this.#remove = connection.prepare('DELETE FROM outbox WHERE id = ?');
    this.#range = connection.prepare('SELECT id, messages FROM outbox WHERE id > ? AND id <= ? ORDER BY id LIMIT ?');
    this.#bury = connection.prepare('INSERT INTO dead_messages (at_ms, reason, message) VALUES (?, ?, ?)');
    this.#pruneDead = connection.prepare(
      `DELETE FROM dead_messages WHERE id IN (
        SELECT id FROM (
          SELECT id, row_number() OVER latest AS place, sum(length(message)) OVER latest AS bytes
          FROM dead_messages WINDOW latest AS (ORDER BY id DESC)
        ) WHERE place > 1 AND (place > ? OR bytes > ?)
      ) RETURNING id`,
    );
    const row = connection.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").get();
    this.#lastId = Number(row?.['seq'] ?? 0);
    for (const { id, count, bytes } of connection
      .prepare('SELECT id, count, length(messages) AS bytes FROM outbox')
      .all()) {
      this.#add(Number(id), Number(count), Number(bytes));
    }
  }

  get lastId(): number {
    return this.#lastId;
  }

  /** Why so many more messages cannot be taken, besides those that were put, or undefined. */
  fault(more: readonly StoredMessage[]): string | undefined {
    if (more.length === 0) return undefined;
    const messages = this.#count + this.#pending.length;
    if (messages + more.length > STORE_BOUNDS.outboxMessages) {
      return `${messages} messages already wait for the broker, and at most ${STORE_BOUNDS.outboxMessages} may`;
    }
    const bytes = this.#bytes + this.#pendingBytes;
    if (bytes + bytesOf(more) <= STORE_BOUNDS.outboxBytes) return undefined;
    return `${bytes} bytes already wait for the broker, and at most ${STORE_BOUNDS.outboxBytes} may`;
  }

  /** Adds messages that `fault` has nothing against: so the group's row stays far below what SQLite takes. */
  put(messages: readonly StoredMessage[]): void {
    for (const message of messages) this.#pending.push(message);
    this.#pendingBytes += bytesOf(messages);
  }

  /** Brings the tables to what was put and sent, and what is dead. @returns how many dead messages went as there were too many. */
  write(sent: readonly number[], dead: readonly DeadMessage[]): number {
    for (const id of sent) this.#remove.run(id);
    for (const { atMs, reason, message } of dead) this.#bury.run(atMs, reason, packMessages([message]));
    const { deadMessages, deadMessageBytes } = STORE_BOUNDS;
    const deadDropped = dead.length === 0 ? 0 : this.#pruneDead.all(deadMessages, deadMessageBytes).length;
    if (this.#pending.length === 0) return deadDropped;
    const packed = packMessages(this.#pending);
    this.#insert.run(this.#lastId + 1, this.#pending.length, packed);
    this.#packedBytes = packed.length;
    return deadDropped;
  }

  committed(sent: readonly number[]): OutboxGroup | undefined {
    for (const id of sent) this.#drop(id);
    const messages = this.#pending;
    if (messages.length === 0) return undefined;
    this.#lastId++;
    this.#add(this.#lastId, messages.length, this.#packedBytes);
    this.#clear();
    return { id: this.#lastId, messages };
  }

  rolledBack(): void {
    this.#clear();
  }

  range({ after, upTo, limit }: { after: number; upTo: number; limit: number }): readonly OutboxGroup[] {
    const rows = this.#range.all(after, upTo, limit);
    return rows.map((row) => ({ id: Number(row['id']), messages: unpackMessages(blobOf(row['messages'])) }));
  }

  dead(): readonly DeadMessage[] {
    const rows = this.#connection.prepare('SELECT at_ms, reason, message FROM dead_messages ORDER BY id').all();
    return rows.flatMap((row) =>
      unpackMessages(blobOf(row['message'])).map((message) => ({
        message,
        reason: String(row['reason']),
        atMs: Number(row['at_ms']),
      })),
    );
  }

  #clear(): void {
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  #add(id: number, count: number, bytes: number): void {
    this.#groups.set(id, { count, bytes });
    this.#count += count;
    this.#bytes += bytes;
  }

  #drop(id: number): void {
    const group = this.#groups.get(id);
    if (group === undefined) return;
    this.#groups.delete(id);
    this.#count -= group.count;
    this.#bytes -= group.bytes;
  }
}

/** About as many as they take, packed. */
function bytesOf(messages: readonly StoredMessage[]): number {
  let bytes = 0;
  for (const { topic, payload, origin } of messages) {
    bytes += payload.length + topic.length + origin.id.length + origin.source.length + (origin.chain?.length ?? 0);
  }
  return bytes;
}
