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

  /** Why so many more messages cannot be taken, or undefined. */
  fault(more: readonly StoredMessage[], pending: readonly StoredMessage[]): string | undefined {
    if (more.length === 0) return undefined;
    if (this.#count + pending.length + more.length > STORE_BOUNDS.outboxMessages) {
      return `${this.#count} messages already wait for the broker, and at most ${STORE_BOUNDS.outboxMessages} may`;
    }
    const bytes = more.reduce((sum, { payload }) => sum + payload.length, 0);
    if (this.#bytes + bytes <= STORE_BOUNDS.outboxBytes) return undefined;
    return `${this.#bytes} bytes already wait for the broker, and at most ${STORE_BOUNDS.outboxBytes} may`;
  }

  /** @returns the bytes that were written, to be handed to `committed`, and how many dead messages went as there were too many. */
  write(
    messages: readonly StoredMessage[],
    also: { sent: readonly number[]; dead: readonly DeadMessage[] },
  ): { readonly bytes: number; readonly deadDropped: number } {
    for (const id of also.sent) this.#remove.run(id);
    for (const { atMs, reason, message } of also.dead) this.#bury.run(atMs, reason, packMessages([message]));
    const { deadMessages, deadMessageBytes } = STORE_BOUNDS;
    const deadDropped = also.dead.length === 0 ? 0 : this.#pruneDead.all(deadMessages, deadMessageBytes).length;
    if (messages.length === 0) return { bytes: 0, deadDropped };
    const packed = packMessages(messages);
    this.#insert.run(this.#lastId + 1, messages.length, packed);
    return { bytes: packed.length, deadDropped };
  }

  committed(messages: readonly StoredMessage[], bytes: number, sent: readonly number[]): OutboxGroup | undefined {
    for (const id of sent) this.#drop(id);
    if (messages.length === 0) return undefined;
    this.#lastId++;
    this.#add(this.#lastId, messages.length, bytes);
    return { id: this.#lastId, messages };
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
