/** A run that goes on where state has other names reads it by those, and knows nothing of them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { t } from 'tap';
import { openStore } from '../../../hub/store/index.js';
import {
  createRuntime,
  decodeCheckpoint,
  DEFAULT_LIMITS,
  type RunEnd,
  type RunResult,
} from '../../../runtime/index.js';
import { lookingGuest } from '../looking-guest.js';
import { requestOf } from '../run-request.js';

t.setTimeout(60_000);

const BUCKET = 'task/default';
const LIMITS = { ...DEFAULT_LIMITS, fuel: 10_000_000_000, deadlineMs: 60_000 };
const MANIFEST = {
  limits: LIMITS,
  grants: { publish: ['out'], buckets: { default: { id: BUCKET, access: 'read-write' } } },
  config: {},
  subjects: 'verbatim',
} as const;

t.test('names of buckets get the prefix where state is read, and nowhere else', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'sterna-state-prefix-'));
  const file = join(dir, 'state.db');
  const store = openStore(file);
  const here = { bucket: BUCKET, key: '1', value: Buffer.from('one') };
  store.commit([
    { reads: [], writes: [here, { bucket: `there/${BUCKET}`, key: '1', value: Buffer.from('one') }] },
    { reads: [], writes: [{ bucket: BUCKET, key: '2', value: Buffer.from('two') }] },
  ]);
  const state = { module: new URL('../../../hub/store/reader.js', import.meta.url), options: { file } };
  const runtime = await createRuntime({ threads: 1, cacheDir: join(dir, 'components'), state });
  t.teardown(async () => {
    await runtime.close();
    await store.close();
    await rm(dir, { recursive: true });
  });
  const installed = await runtime.install(await lookingGuest(20_000_000), LIMITS, { resumable: 'all' });
  const request = requestOf({ manifest: MANIFEST as never }, installed);
  const suspended = async (statePrefix: string | undefined): Promise<Uint8Array> => {
    const checkpoint = await runtime.begin(request, { statePrefix }).suspend();
    if (checkpoint === undefined) throw new Error('it did not stand still');
    return checkpoint;
  };
  const resultOf = (end: RunEnd): RunResult => {
    if (end.kind === 'ended') return end.result;
    throw new Error('it stands still, and nobody asked it to');
  };
  const before = await suspended('there/');
  const { request: asked, collected } = decodeCheckpoint(before);
  t.strictSame(asked.grants, MANIFEST.grants, 'not in its grants');
  for (const { bucket } of collected.reads) t.equal(bucket, BUCKET, 'not in what it has read');

  const there = resultOf(await runtime.resume(before, installed.key, { statePrefix: 'there/' }).end);
  t.match(there, {
    outcome: { kind: 'completed' },
    reads: [{ bucket: BUCKET, key: '1' }],
    listed: [{ bucket: BUCKET }],
  });
  const home = resultOf(await runtime.resume(await suspended(undefined), installed.key).end);
  t.match(home, { outcome: { kind: 'completed' }, listed: [{ bucket: BUCKET }] });
  t.not(home.usage.fuel, there.usage.fuel, 'here is another key to be listed');
  const nowhere = resultOf(await runtime.begin(request, { statePrefix: 'nowhere/' }).end);
  t.match(nowhere, { reads: [{ bucket: BUCKET, key: '1', version: 0 }], listed: [{ bucket: BUCKET, version: 0 }] });
});
