/** A run that has read state and goes on for long does not keep the store's log from beginning anew. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { STORE_BOUNDS } from '../../hub/store/limits.js';
import { openStore } from '../../hub/store/index.js';
import { createRuntime, DEFAULT_LIMITS } from '../../runtime/index.js';
import { EXISTS, forever, HANDLE, i32s, NAMES, OPEN, OPENED } from '../runtime/guest-calls.js';
import { requestOf } from '../runtime/run-request.js';
import { taskComponent } from '../runtime/wat-component.js';

t.setTimeout(120_000);

const BUCKET = 'task/default';
const LIMITS = { ...DEFAULT_LIMITS, fuel: 2 ** 50, deadlineMs: 60_000 };
const GRANTS = { publish: [], buckets: { default: { id: BUCKET, access: 'read' } } } as const;

/** What a log begins with changes when it begins anew: https://www.sqlite.org/fileformat2.html#walformat */
function beginningOf(log: string): string {
  const fd = openSync(log, 'r');
  const header = Buffer.alloc(32);
  readSync(fd, header, 0, header.length, 0);
  closeSync(fd);
  return header.toString('hex');
}

t.test('while a run that has read goes on, the log begins anew', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'sterna-reader-'));
  const file = join(dir, 'state.db');
  const log = `${file}-wal`;
  const store = openStore(file);
  const module = new URL('../../hub/store/index.js', import.meta.url);
  const runtime = await createRuntime({
    threads: 1,
    cacheDir: join(dir, 'cache'),
    state: { module, options: { file } },
  });
  t.teardown(async () => {
    await runtime.close();
    await store.close();
    await rm(dir, { recursive: true });
  });
  const component = await taskComponent({
    imports: `${OPEN} ${EXISTS}`,
    fields: NAMES,
    body: `${OPENED} (call $exists ${HANDLE} ${i32s(272, 1, 544)}) ${forever('')}`,
  });
  const installed = await runtime.install(component, LIMITS);
  const manifest = { limits: LIMITS, grants: GRANTS, config: {}, subjects: 'verbatim' };
  const over = new AbortController();
  const run = runtime.run(requestOf({ manifest: manifest as never }, installed)).finally(() => over.abort());
  while (runtime.occupancy.executing.length === 0 && !over.signal.aborted) await pause(5);

  const value = Buffer.alloc(16_384, 1);
  let begins = 0;
  let beginning = '';
  // The first may be before it reads. In each, as much is written as makes the log begin anew.
  for (let i = 0; begins < 3 && !over.signal.aborted; i++) {
    while (store.paused !== undefined) await store.paused;
    store.commit([{ reads: [], writes: [{ bucket: 'other', key: `${i % 50}`, value }] }]);
    if (i % 16 !== 0) continue;
    // Where it does not begin anew, it is not to fill the disk.
    await pause(statSync(log).size < 2 * STORE_BOUNDS.logBytes ? 2 : 50);
    const now = beginningOf(log);
    if (now !== beginning) begins++;
    beginning = now;
  }
  t.notOk(over.signal.aborted, 'it still goes on');
  t.equal(begins, 3);
  t.ok(runtime.cancel('run'));
  t.match(await run, { outcome: { kind: 'cancelled' }, reads: [{ key: '1' }] });
});
