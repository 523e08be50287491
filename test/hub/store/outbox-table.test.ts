import { join } from 'node:path';
import t from 'tap';
import { STORE_BOUNDS } from '../../../hub/store/limits.js';
import { openStore, type StoredMessage } from '../../../hub/store/index.js';
import { OutboxTable } from '../../../hub/store/outbox-table.js';
import { Connection } from '../../../hub/store/sqlite.js';

const message = (payload: Uint8Array): StoredMessage => ({
  topic: 'out',
  payload,
  qos: 1,
  retain: false,
  origin: { id: 'e/a/0', source: 'a', timeMs: 1 },
});

t.test('the bytes of all changes of a transaction are within the bound together', (t) => {
  const file = join(t.testdir({}), 'state.db');
  const store = openStore(file);
  const connection = new Connection(file, { readOnly: false });
  t.teardown(async () => {
    connection.close();
    await store.close();
  });
  const outbox = new OutboxTable(connection);
  // None is ever written: it is the same memory again and again.
  const large = [message(Buffer.alloc(STORE_BOUNDS.outboxBytes / 4))];
  for (let i = 0; i < 3; i++) {
    t.equal(outbox.fault(large), undefined);
    outbox.put(large);
  }
  t.match(
    outbox.fault(large),
    /bytes already wait for the broker, and at most 268435456 may/,
    'a topic has bytes, too',
  );
  t.equal(outbox.fault([message(Buffer.alloc(1_000))]), undefined);
  outbox.rolledBack();
  t.equal(outbox.fault(large), undefined, 'what was not committed does not count');
  t.end();
});
