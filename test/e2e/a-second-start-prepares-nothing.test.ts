/** What was prepared for a hub once is there when it starts again. */
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { createHub } from '../../hub/hub.js';
import { createLog } from '../../hub/log.js';
import { createRuntime } from '../../runtime/index.js';
import { fakeLink } from '../hub/fake-link.js';
import { taskComponent } from '../runtime/wat-component.js';

t.setTimeout(120_000);

const TASKS = 50;

const dir = t.testdir({});
const dataDir = join(dir, 'data');
const cache = join(dataDir, 'components');

for (let i = 0; i < TASKS; i++) {
  const folder = join(dir, 'tasks', `task-${i}`);
  await mkdir(folder, { recursive: true });
  const manifest = `name = "task-${i}"\nversion = "1.0.0"\ncomponent = "c.wasm"\n[[trigger]]\ntopic = "t/${i}"\n`;
  await writeFile(join(folder, 'task.toml'), manifest);
  await writeFile(join(folder, 'c.wasm'), await taskComponent({ body: `(drop (i32.const ${i}))` }));
}

/** Starts a hub, has each task run once, and stops. @returns the outcomes. */
async function session(): Promise<string[]> {
  const link = fakeLink();
  const outcomes: string[] = [];
  const hub = await createHub({
    taskDirs: [join(dir, 'tasks')],
    dataDir,
    threads: 1,
    startRuntime: createRuntime,
    connect: (onMessage) => link.connect(onMessage),
    brokerName: 'mqtt://fake',
    clock: () => Date.now(),
    newEventId: () => `e${outcomes.length}`,
    newSeed: () => 7,
    observe: (seen) => {
      if (seen.kind === 'task-refused') outcomes.push(...seen.problems);
      if (seen.kind === 'run-finished') outcomes.push(seen.outcome.kind);
    },
    log: createLog('silent'),
  });
  for (let i = 0; i < TASKS; i++) link.deliver(`t/${i}`);
  t.equal(await hub.close(), 0, 'all runs are finished');
  return outcomes;
}

/** Every file there is, with what changes when it is written anew. */
async function prepared(): Promise<ReadonlyMap<string, number>> {
  const files = new Map<string, number>();
  for (const key of await readdir(cache)) {
    for (const name of await readdir(join(cache, key))) {
      files.set(`${key}/${name}`, (await stat(join(cache, key, name))).ino);
    }
  }
  return files;
}

const ALL = Array.from({ length: TASKS }, () => 'completed');

t.test(`a hub with ${TASKS} tasks prepares each at its first start, and none at its second`, async (t) => {
  t.strictSame(await session(), ALL);
  const first = await prepared();
  t.equal(new Set([...first.keys()].map((file) => file.split('/')[0])).size, TASKS);
  t.strictSame(await session(), ALL);
  t.strictSame(await prepared(), first);
});

t.test('what was damaged meanwhile is prepared again, and nothing else', async (t) => {
  const before = await prepared();
  const [damaged = ''] = [...before.keys()].filter((file) => file.endsWith('.wasm'));
  const [key = ''] = damaged.split('/');
  await writeFile(join(cache, damaged), 'not what it was');
  t.strictSame(await session(), ALL);
  const after = await prepared();
  t.strictSame([...after.keys()], [...before.keys()]);
  for (const [file, ino] of after) t.equal(ino !== before.get(file), file.startsWith(key), file);
});
