/** The bucket `devices` has the last payload of each topic, for tasks that may read it. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { decideCommit } from '../../../hub/commit.js';
import { Devices } from '../../../hub/journal/devices.js';
import { JOURNAL_BOUNDS } from '../../../hub/journal/limits.js';
import { STORE_BOUNDS } from '../../../hub/store/limits.js';
import { parseManifest } from '../../../hub/manifest/index.js';
import { openState, openStore, type Store } from '../../../hub/store/index.js';
import { virtualTimer } from '../virtual-timer.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);

/** All that the bucket holds. */
function contents(file: string): Record<string, string> {
  const reader = openState({ file });
  const snapshot = reader.snapshot();
  const keys = snapshot.keys('devices', undefined, 20_000);
  const found = keys.map((key) => [key, Buffer.from(snapshot.get('devices', key)?.value ?? '').toString()] as const);
  snapshot.release();
  reader.close();
  return Object.fromEntries(found);
}

function opened(t: Test): { file: string; store: Store } {
  const file = join(t.testdir({}), 'state.db');
  const store = openStore(file);
  t.teardown(() => store.close());
  return { file, store };
}

t.test('the last payload of a topic is written once, with the next transaction or after a while', (t) => {
  const timer = virtualTimer();
  let flushes = 0;
  const devices = new Devices({ timer, flush: () => flushes++ });
  devices.note({ topic: 'a', payload: bytes('0') });
  t.equal(devices.waiting, false, 'nobody may read it');
  devices.want(true);
  for (const text of ['1', '2', '3']) devices.note({ topic: 'a', payload: bytes(text) });
  devices.note({ topic: 'b', payload: new Uint8Array(JOURNAL_BOUNDS.devicePayloadBytes + 1) });
  t.same(devices.pending, {
    clear: false,
    seen: [
      { topic: 'a', payload: bytes('3') },
      { topic: 'b', payload: undefined },
    ],
  });
  timer.pass(JOURNAL_BOUNDS.deviceDelayMs - 1);
  t.equal(flushes, 0);
  timer.pass(1);
  t.equal(flushes, 1);
  devices.written();
  devices.note({ topic: 'a', payload: bytes('4') });
  devices.written();
  timer.pass(JOURNAL_BOUNDS.deviceDelayMs);
  t.equal(flushes, 1, 'what went along with another transaction asks for none');
  devices.want(false);
  t.same(devices.pending, { clear: true, seen: [] });
  t.end();
});

t.test('while nothing can be written, no more is held than the bucket would have', (t) => {
  const devices = new Devices({ timer: virtualTimer(), flush: () => undefined });
  devices.want(true);
  const payload = new Uint8Array(JOURNAL_BOUNDS.devicePayloadBytes);
  for (let i = 0; i < 300; i++) devices.note({ topic: String(i), payload });
  t.equal(devices.pending.seen.length, STORE_BOUNDS.deviceBytes / payload.length);
  t.equal(devices.pending.seen.at(-1)?.topic, '299');
  t.end();
});

t.test('beyond its bounds the topic that was seen longest ago goes, also after a restart', async (t) => {
  const { file, store } = opened(t);
  const seen = Array.from({ length: STORE_BOUNDS.deviceTopics }, (_, i) => ({ topic: `t${i}`, payload: bytes('x') }));
  store.commit([], { devices: { clear: false, seen } });
  store.commit([], { devices: { clear: false, seen: [{ topic: 't0', payload: bytes('y') }] } });
  await store.close();
  const again = openStore(file);
  t.teardown(() => again.close());
  again.commit([], { devices: { clear: false, seen: [{ topic: 'new', payload: bytes('z') }] } });
  const all = contents(file);
  t.equal(Object.keys(all).length, STORE_BOUNDS.deviceTopics);
  t.match(all, { t0: 'y', new: 'z' });
  t.equal(all['t1'], undefined);
  again.commit([], { devices: { clear: false, seen: [{ topic: 'new', payload: undefined }] } });
  t.equal(contents(file)['new'], undefined, 'one that is not kept leaves nothing old behind');
  again.commit([], { devices: { clear: true, seen: [{ topic: 'b', payload: bytes('1') }] } });
  t.same(contents(file), { b: '1' });
});

t.test('what a run read there makes it run again never, what it writes there is refused', (t) => {
  const usage = { fuel: 0, peakMemoryBytes: 0, wallMs: 0, hostMs: 0, outputBytes: 0, logBytes: 0 };
  const run = { runId: 'r', log: [], droppedLogLines: 0, usage, outcome: { kind: 'completed' as const } };
  const reads = [
    { bucket: 'devices', key: 'a', version: 1 },
    { bucket: 'shared/b', key: 'a', version: 1 },
  ];
  const grants = { publish: [], buckets: { devices: { id: 'devices', access: 'read' as const } } };
  t.match(decideCommit({ ...run, effects: [], reads }, grants), { commit: { change: { reads: [reads[1]] } } });
  const effects = [{ kind: 'set' as const, bucket: 'devices', key: 'a', value: bytes('x') }];
  t.match(decideCommit({ ...run, effects, reads: [] }, grants), { ok: false, fault: /may only read/ });
  t.end();
});

t.test('a manifest may ask to read it, and not to write it', (t) => {
  const toml = (access: string): string =>
    `name = "a"\nversion = "1.0.0"\n[[trigger]]\ntopic = "a"\n[grants.buckets]\ndevices = "${access}"\n`;
  t.match(parseManifest(toml('read'), 'f'), { manifest: { grants: { buckets: { devices: { id: 'devices' } } } } });
  t.match(parseManifest(toml('read-write'), 'f'), {
    problems: [{ line: 6, key: 'grants.buckets.devices', message: /^must be "read": the hub alone writes it/ }],
  });
  t.end();
});
