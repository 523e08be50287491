import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { Followers } from '../../../hub/api/followers.js';
import { API_BOUNDS } from '../../../hub/api/limits.js';
import { RecentRuns } from '../../../hub/api/recent-runs.js';
import { finished } from './finished.js';

t.test('one that reads slowly loses what is too much, and is told how much', async (t) => {
  const followers = new Followers();
  const follower = followers.join(undefined);
  for (let i = 0; i < API_BOUNDS.followerBacklog + 5; i++) followers.note(finished({ runId: `${i}/light` }));
  const next = await follower?.next();
  t.equal(next?.runs.length, API_BOUNDS.followerBacklog);
  t.equal(next?.lost, 5);
  followers.note(finished({ runId: 'later' }));
  t.match(await follower?.next(), { runs: [{ runId: 'later' }], lost: 0 });
  const waiting = follower?.next();
  followers.close();
  t.equal(await waiting, undefined, 'the end wakes who waits');
});

t.test('the oldest runs make room, and long logs are cut', (t) => {
  const recent = new RecentRuns(3);
  for (let i = 0; i < 5; i++) recent.note(finished({ runId: `${i}` }));
  t.strictSame(
    recent.list(undefined, 10).map(({ runId }) => runId),
    ['4', '3', '2'],
  );
  const line = { level: 'info' as const, context: '', message: 'x'.repeat(API_BOUNDS.recentLogLength + 1) };
  recent.note(finished({ log: Array.from({ length: API_BOUNDS.recentLogLines + 2 }, () => line), droppedLogLines: 1 }));
  const [latest] = recent.list(undefined, 1);
  t.equal(latest?.log.length, API_BOUNDS.recentLogLines);
  t.equal(latest?.droppedLogLines, 3);
  t.equal(latest?.log[0]?.message.length, API_BOUNDS.recentLogLength);
  t.end();
});

t.test('nothing is held of what a run was given, or has done', async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const recent = new RecentRuns();
  const noted = (): WeakRef<Uint8Array>[] => {
    const payloads = [new Uint8Array(1_000), new Uint8Array(1_000)] as const;
    const run = finished();
    const effect = { kind: 'publish', topic: 'a', payload: payloads[1], qos: 0, retain: false } as const;
    recent.note({ ...run, event: { ...run.event, payload: payloads[0] }, effects: [effect] });
    return payloads.map((payload) => new WeakRef(payload));
  };
  const held = noted();
  // What a WeakRef was made of in a turn stays until its end.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  t.strictSame(
    held.map((each) => each.deref()),
    [undefined, undefined],
  );
  t.match(recent.list(undefined, 1), [{ payloadBytes: 1_000, published: 1 }]);
});
