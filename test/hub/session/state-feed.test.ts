import t from 'tap';
import { StateFeed } from '../../../hub/session/index.js';
import { SESSION_BOUNDS } from '../../../hub/session/limits.js';
import { sendState } from '../../../hub/session/send-state.js';
import { openStore, type Store } from '../../../hub/store/index.js';
import { openState } from '../../../hub/store/reader.js';
import { openState as openReplica } from '../../../provider/replica/reader.js';
import { Replica } from '../../../provider/replica/replica.js';

t.test('so much of the state is sent in one turn, and no more while the network takes none', (t) => {
  let [left, bufferedBytes] = [3 * SESSION_BOUNDS.stateMessages, 0];
  const feed = {
    get hasNews() {
      return left > 0;
    },
    take: () => ({ revision: left--, reset: false, entries: [], sets: [] }),
  };
  const sent: unknown[] = [];
  const send = (): boolean =>
    sendState({ feed, bufferedBytes: () => bufferedBytes, send: (piece) => sent.push(piece) });
  t.notOk(send());
  t.equal(sent.length, SESSION_BOUNDS.stateMessages);
  bufferedBytes = SESSION_BOUNDS.bufferedBytes + 1;
  t.notOk(send());
  t.equal(sent.length, SESSION_BOUNDS.stateMessages);
  bufferedBytes = 0;
  t.notOk(send());
  t.ok(send());
  t.equal(left, 0);
  t.end();
});

t.test('a bucket that is replicated again has no key that went in the meantime', async (t) => {
  const dir = t.testdir({ replicas: {} });
  const store = openStore(`${dir}/state.db`);
  const reader = openState({ file: `${dir}/state.db` });
  const feed = new StateFeed(reader);
  const replica = new Replica(`${dir}/replicas`, 1, 1_000_000);
  const there = openReplica({ dir: `${dir}/replicas` });
  t.teardown(async () => {
    reader.close();
    there.close();
    replica.close();
    await store.close();
  });
  feed.replicate(new Set(['a']));
  write(store, feed, 'gone', 'x');
  write(store, feed, 'stays', 'x');
  sendAll(feed, replica);
  t.strictSame(keysAt(there, replica), { keys: ['gone', 'stays'], version: 2 });

  feed.replicate(new Set());
  write(store, feed, 'gone', undefined);
  feed.replicate(new Set(['a']));
  sendAll(feed, replica);
  const here = reader.snapshot();
  const expected = { keys: here.keys('a', undefined, 10), version: here.keysVersion('a') };
  here.release();
  t.strictSame(expected.keys, ['stays']);
  t.strictSame(keysAt(there, replica), expected, 'a list of that version would be committed as the right one');
});

function write(store: Store, feed: StateFeed, key: string, value: string | undefined): void {
  const writes = [{ bucket: 'a', key, value: value === undefined ? undefined : Buffer.from(value) }];
  const changes = [{ reads: [], writes }];
  feed.note(changes, store.commit(changes).results);
}

function sendAll(feed: StateFeed, replica: Replica): void {
  for (let piece = feed.take(); piece !== undefined; piece = feed.take()) {
    if (piece.reset) replica.reset();
    replica.apply(piece);
  }
}

function keysAt(reader: ReturnType<typeof openReplica>, replica: Replica): object {
  const view = replica.view();
  const snapshot = reader.snapshot();
  const id = `${view.prefix}a`;
  const found = { keys: snapshot.keys(id, undefined, 10), version: snapshot.keysVersion(id) };
  snapshot.release();
  view.release();
  return found;
}
