/** Answers one query on a connection that cannot write, in a thread: counting a bucket reads all of it. */
import { parentPort, workerData } from 'node:worker_threads';
import { blobOf, Connection } from './sqlite.js';
import type { BucketView, KeyView, StateAnswer, StateQuery, ValueView } from './state-view-messages.js';

const asked: unknown = workerData;
if (!isAsked(asked)) throw new TypeError('Cannot look at state without a file and a query');
parentPort?.postMessage(answered(asked));

function isAsked(value: unknown): value is { readonly file: string; readonly query: StateQuery } {
  return typeof value === 'object' && value !== null && 'file' in value && 'query' in value;
}

function answered({ file, query }: { readonly file: string; readonly query: StateQuery }): StateAnswer {
  let connection: Connection | undefined;
  try {
    connection = new Connection(file, { readOnly: true });
    connection.exec('PRAGMA busy_timeout = 2000');
    return answer(connection, query);
  } catch (error) {
    return { kind: 'fault', fault: error instanceof Error ? error.message : String(error) };
  } finally {
    connection?.close();
  }
}

function answer(connection: Connection, query: StateQuery): StateAnswer {
  switch (query.kind) {
    case 'buckets':
      return { kind: 'buckets', buckets: bucketsOf(connection) };
    case 'keys':
      return { kind: 'keys', keys: keysOf(connection, query) };
    case 'value':
      return { kind: 'value', value: valueOf(connection, query) };
  }
}

function bucketsOf(connection: Connection): readonly BucketView[] {
  const rows = connection
    .prepare(
      'SELECT bucket, count(*) AS keys, sum(length(key) + length(value)) AS bytes FROM state GROUP BY bucket ORDER BY bucket',
    )
    .all();
  return rows.map(({ bucket, keys, bytes }) => ({ bucket: String(bucket), keys: Number(keys), bytes: Number(bytes) }));
}

function keysOf(
  connection: Connection,
  { bucket, prefix, after, limit }: Extract<StateQuery, { kind: 'keys' }>,
): readonly KeyView[] {
  const last = after === undefined ? null : Buffer.from(after);
  // The search begins where the last page ended: what it has passed is not read again.
  const from = last !== null && Buffer.compare(last, Buffer.from(prefix)) > 0 ? last : Buffer.from(prefix);
  const rows = connection
    .prepare(
      'SELECT key, length(value) AS bytes, version FROM state WHERE bucket = ? AND key >= ? AND key < ? AND (? IS NULL OR key > ?) ORDER BY key LIMIT ?',
    )
    .all(bucket, from, behind(prefix), last, last, limit);
  return rows.map(({ key, bytes, version }) => ({
    key: Buffer.from(blobOf(key)).toString('utf8'),
    bytes: Number(bytes),
    version: Number(version),
  }));
}

function valueOf(
  connection: Connection,
  { bucket, key }: Extract<StateQuery, { kind: 'value' }>,
): ValueView | undefined {
  const row = connection
    .prepare('SELECT value, version FROM state WHERE bucket = ? AND key = ?')
    .get(bucket, Buffer.from(key));
  return row === undefined ? undefined : { value: blobOf(row['value']), version: Number(row['version']) };
}

/** What comes behind all keys with a prefix. In UTF-8 no byte is 255. */
function behind(prefix: string): Uint8Array {
  const bytes = Buffer.from(prefix);
  if (bytes.length === 0) return Buffer.of(255);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) + 1, bytes.length - 1);
  return bytes;
}
