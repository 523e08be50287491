import { STORE_BOUNDS } from './limits.js';
import { packEvents, unpackEvents, unpackMessages } from './packed-rows.js';
import { blobOf, type Connection, type Row, type Statement } from './sqlite.js';
import type { DeadLetter, LetterId, LetterSummary, RunLetter } from './store.js';

const HEAD = 'id, at_ms, task, topic, payload_bytes, outcome, attempts';

/**
 * Runs that were given up; and a look at the messages that the broker will not
 * take, which `OutboxTable` writes. All within the caller's transaction.
 */
export class DeadLetterTable {
  readonly #insert: Statement;
  readonly #sizes: Statement;
  readonly #oldest: Statement;
  readonly #remove: Readonly<Record<LetterId['kind'], Statement>>;
  readonly #get: Readonly<Record<LetterId['kind'], Statement>>;
  readonly #list: Statement;
  readonly #listOf: Statement;
  readonly #messages: Statement;
  /** Count and bytes, so that they are known without reading; undefined when they have to be read. */
  #total: { count: number; bytes: number } | undefined;
  /** What the transaction adds. */
  #added = 0;

  constructor(connection: Connection) {
    this.#insert = connection.prepare(
      'INSERT INTO dead_letters (at_ms, task, topic, payload_bytes, outcome, attempts, bytes, evidence, event) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#sizes = connection.prepare('SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes FROM dead_letters');
    this.#oldest = connection.prepare('SELECT id, bytes FROM dead_letters ORDER BY id LIMIT 1');
    this.#remove = {
      run: connection.prepare('DELETE FROM dead_letters WHERE id = ? RETURNING bytes'),
      message: connection.prepare('DELETE FROM dead_messages WHERE id = ?'),
    };
    this.#get = {
      run: connection.prepare(`SELECT ${HEAD}, evidence, event FROM dead_letters WHERE id = ?`),
      message: connection.prepare('SELECT id, at_ms, reason, message FROM dead_messages WHERE id = ?'),
    };
    this.#list = connection.prepare(`SELECT ${HEAD} FROM dead_letters ORDER BY id DESC LIMIT ?`);
    this.#listOf = connection.prepare(`SELECT ${HEAD} FROM dead_letters WHERE task = ? ORDER BY id DESC LIMIT ?`);
    this.#messages = connection.prepare(
      'SELECT id, at_ms, reason, message FROM dead_messages ORDER BY id DESC LIMIT ?',
    );
  }

  put({ event, task, outcome, attempts, atMs, evidence }: RunLetter): void {
    const packed = packEvents([event]);
    const bytes = packed.length + Buffer.byteLength(evidence);
    this.#insert.run(atMs, task, event.topic, event.payload.length, outcome, attempts, bytes, evidence, packed);
    if (this.#total !== undefined) this.#total = { count: this.#total.count + 1, bytes: this.#total.bytes + bytes };
    this.#added++;
  }

  discard({ kind, number }: LetterId): void {
    const row = this.#remove[kind].get(number);
    if (row === undefined || kind === 'message' || this.#total === undefined) return;
    this.#total = { count: this.#total.count - 1, bytes: this.#total.bytes - Number(row['bytes']) };
  }

  /** Brings the tables to what was put and discarded. @returns how many letters went as there were too many. */
  write(discarded: readonly LetterId[]): number {
    for (const id of discarded) this.discard(id);
    return this.#added === 0 ? 0 : this.#prune();
  }

  committed(): void {
    this.#added = 0;
  }

  rolledBack(): void {
    this.#added = 0;
    this.#total = undefined;
  }

  /** The latest first. */
  list({ task, limit }: { readonly task?: string | undefined; readonly limit: number }): readonly LetterSummary[] {
    const rows = task === undefined ? this.#list.all(limit) : this.#listOf.all(task, limit);
    // Their task is not known before they are read.
    const rowsOfMessages = this.#messages.all(task === undefined ? limit : STORE_BOUNDS.deadMessages);
    const messages = rowsOfMessages.map((row) => messageOf(row).summary);
    const wanted = messages.filter((message) => task === undefined || message.task === task);
    return [...rows.map(runSummaryOf), ...wanted].toSorted((a, b) => b.atMs - a.atMs).slice(0, limit);
  }

  get({ kind, number }: LetterId): DeadLetter | undefined {
    const row = this.#get[kind].get(number);
    if (row === undefined) return undefined;
    if (kind === 'message') return messageOf(row);
    const [event] = unpackEvents(blobOf(row['event']));
    if (event === undefined) return undefined;
    return { kind, summary: runSummaryOf(row), event, evidence: String(row['evidence']) };
  }

  /** The oldest go; the newest stays whatever its size. */
  #prune(): number {
    const total = (this.#total ??= this.#measured());
    let dropped = 0;
    while (total.count > STORE_BOUNDS.deadLetters || total.bytes > STORE_BOUNDS.deadLetterBytes) {
      const row = total.count === 1 ? undefined : this.#oldest.get();
      if (row === undefined) break;
      this.#remove.run.get(Number(row['id']));
      total.count--;
      total.bytes -= Number(row['bytes']);
      dropped++;
    }
    return dropped;
  }

  #measured(): { count: number; bytes: number } {
    const row = this.#sizes.get();
    return { count: Number(row?.['count'] ?? 0), bytes: Number(row?.['bytes'] ?? 0) };
  }
}

function runSummaryOf(row: Row): LetterSummary {
  return {
    id: { kind: 'run', number: Number(row['id']) },
    atMs: Number(row['at_ms']),
    task: String(row['task']),
    topic: String(row['topic']),
    payloadBytes: Number(row['payload_bytes']),
    reason: String(row['outcome']),
    attempts: Number(row['attempts']),
  };
}

/** @throws Error when the row holds no message. */
function messageOf(row: Row): Extract<DeadLetter, { kind: 'message' }> {
  const [message] = unpackMessages(blobOf(row['message']));
  if (message === undefined) throw new Error('Cannot read a dead message as its row is empty');
  const summary: LetterSummary = {
    id: { kind: 'message', number: Number(row['id']) },
    atMs: Number(row['at_ms']),
    task: message.origin.source,
    topic: message.topic,
    payloadBytes: message.payload.length,
    reason: String(row['reason']),
    attempts: 0,
  };
  return { kind: 'message', summary, message };
}
