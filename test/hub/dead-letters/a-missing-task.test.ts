/** A task that is not there when the hub starts, as its folder is not mounted. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { until } from '../../runtime/eventually.js';
import { testHub } from '../hub-under-test.js';

const EVENTS = 5_000;

t.test('all that waited for it is kept, and can be sent back when it is there again', async (t) => {
  const tasks = { task: `name = "task"\n[[trigger]]\ntopic = "in"\n[limits]\nqueue = ${EVENTS}\n` };
  const first = await testHub(t, { tasks, drainMs: 0 });
  first.runtime.slots = 0;
  for (let i = 0; i < EVENTS; i++) first.link.deliver('in', { payload: Buffer.from(String(i)) });
  await first.hub.close();
  rmSync(join(first.dir, 'tasks', 'task'), { recursive: true });
  const second = await testHub(t, { tasks: {}, dir: first.dir });
  await second.hub.close();
  t.equal(second.hub.counts.lettersDropped, 0);

  const third = await testHub(t, { tasks, dir: first.dir, behave: () => ({}) });
  t.match(await third.hub.control.letters.redriveAll('task'), { redriven: EVENTS, left: 0 });
  await until('all have run', 20_000, () => third.hub.counts.runs.completed === EVENTS);
  t.equal(new Set(third.runtime.started.map(({ event }) => Buffer.from(event.payload).toString())).size, EVENTS);
});
