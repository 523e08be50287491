/** What shaping remembers survives the hub, as far as that cannot lose an event. */
import { cpSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { INTAKE_BOUNDS } from '../../../hub/intake/limits.js';
import { turns } from '../hub-under-test.js';
import { HOUR, machine, SECOND, type Machine, type TimedHub } from '../timed-hub.js';

const behave = (): object => ({});

interface Sensor extends TimedHub {
  /** Sends payloads of one device. */
  readonly send: (...payloads: readonly string[]) => Promise<void>;
  /** Payloads that came to a run. */
  readonly ran: () => string[];
}

async function start(t: Test, { start }: Machine, shaping: string, dir?: string): Promise<Sensor> {
  const task = `[[trigger]]\ntopic = "x/{n}"\n${shaping}`;
  const hub = await start(t, { task, behave, ...(dir === undefined ? {} : { dir }) });
  return {
    ...hub,
    send: async (...payloads) => {
      for (const payload of payloads) hub.link.deliver('x/a', { payload: Buffer.from(payload) });
      await turns();
    },
    ran: () => hub.runtime.started.map(({ event }) => Buffer.from(event.payload).toString()),
  };
}

/** Another hub starts with what one has on disk that goes on: as if that one had been killed now. */
function killed({ dir }: Sensor): string {
  const copy = mkdtempSync(join(dir, 'killed-'));
  cpSync(join(dir, 'data'), join(copy, 'data'), { recursive: true, filter: (file) => !/lock|-shm/.test(file) });
  return copy;
}

t.test('after a restart, a value that is what it was is no change', async (t) => {
  const home = machine();
  const first = await start(t, home, 'onChange = "/v"\n');
  await first.send('{"v":1}', '{"v":2}');
  await first.hub.close();
  const second = await start(t, home, 'onChange = "/v"\n', first.dir);
  await second.send('{"v":2}', '{"v":1}', '{"v":2}');
  t.same(second.ran(), ['{"v":1}', '{"v":2}']);
  t.equal(second.hub.counts.dropped.unchanged, 1);
});

t.test('after a kill no value is taken for the last one: a change back is not lost', async (t) => {
  const home = machine();
  const first = await start(t, home, 'onChange = "/v"\n');
  await first.send('{"v":1}');
  await first.hub.close();
  const second = await start(t, home, 'onChange = "/v"\n', first.dir);
  await second.send('{"v":2}');
  const third = await start(t, home, 'onChange = "/v"\n', killed(second));
  await third.send('{"v":1}');
  t.same(third.ran(), ['{"v":1}']);
});

t.test('after a stop that left a run of QoS 0 behind no value is taken for the last one', async (t) => {
  const home = machine();
  const task = '[[trigger]]\ntopic = "x/{n}"\nonChange = "/v"\n';
  const first = await home.start(t, { task });
  first.link.deliver('x/a', { payload: Buffer.from('{"v":1}'), qos: 0 });
  await turns();
  t.equal(await first.hub.close(), 1);
  const second = await home.start(t, { task, dir: first.dir });
  second.link.deliver('x/a', { payload: Buffer.from('{"v":1}'), qos: 0 });
  await turns();
  t.equal(second.runtime.started.length, 1);
});

t.test('what is kept every now and then holds no value that is trusted', async (t) => {
  const home = machine();
  const first = await start(t, home, 'onChange = "/v"\nthrottle = { every = "1 s" }\n');
  await first.send('{"v":1}');
  await first.hub.close();
  const second = await start(t, home, 'onChange = "/v"\nthrottle = { every = "1 s" }\n', first.dir);
  await home.pass(2 * SECOND);
  await second.send('{"v":2}');
  await home.pass(INTAKE_BOUNDS.keepShapingMs);
  await second.send('{"v":3}');
  await home.pass(2 * SECOND);
  t.same(second.ran(), ['{"v":2}', '{"v":3}']);
  const dir = killed(second);
  const third = await start(t, home, 'onChange = "/v"\nthrottle = { every = "1 s" }\n', dir);
  await third.send('{"v":2}');
  t.same(third.ran(), ['{"v":2}']);
});

for (const how of ['stopped', 'killed'] as const) {
  t.test(`dedupe: within the window what came before the hub was ${how} is a duplicate`, async (t) => {
    const home = machine();
    const dedupe = 'dedupe = { window = "1 h" }\n';
    const first = await start(t, home, dedupe);
    await first.send('one');
    await home.pass(INTAKE_BOUNDS.keepShapingMs);
    let { dir } = first;
    if (how === 'stopped') await first.hub.close();
    else dir = killed(first);
    const second = await start(t, home, dedupe, dir);
    await second.send('one', 'two');
    t.same(second.ran(), ['two']);
    await home.pass(HOUR - INTAKE_BOUNDS.keepShapingMs);
    await second.send('one', 'two');
    t.same(second.ran(), ['two', 'one'], 'the window goes on where it was');
  });

  t.test(`throttle: an interval goes on that had begun before the hub was ${how}`, async (t) => {
    const home = machine();
    const throttle = 'throttle = { every = "1 min" }\n';
    const first = await start(t, home, throttle);
    await first.send('one');
    await home.pass(INTAKE_BOUNDS.keepShapingMs);
    let { dir } = first;
    if (how === 'stopped') await first.hub.close();
    else dir = killed(first);
    const second = await start(t, home, throttle, dir);
    await second.send('two');
    await home.pass(49 * SECOND);
    t.same(second.ran(), []);
    await home.pass(SECOND);
    t.same(second.ran(), ['two']);
  });
}

t.test('the clock is set back a day meanwhile: nothing waits longer than an interval', async (t) => {
  const home = machine();
  const throttle = 'throttle = { every = "1 min" }\n';
  const first = await start(t, home, throttle);
  await first.send('one');
  await first.hub.close();
  home.set(home.nowMs() - 24 * HOUR);
  const second = await start(t, home, throttle, first.dir);
  await second.send('two');
  await home.pass(60 * SECOND);
  t.same(second.ran(), ['two']);
});

t.test('a trigger whose rules have changed begins anew', async (t) => {
  const home = machine();
  const first = await start(t, home, 'onChange = "/v"\n');
  await first.send('{"v":1,"w":1}');
  await first.hub.close();
  for (const shaping of ['onChange = "/w"\n', 'onChange = "/v"\n[schedule]\nkey = "{n}{n}"\n']) {
    const next = await start(t, home, shaping, killed(first));
    await next.send('{"v":1,"w":1}');
    t.equal(next.ran().length, 1, shaping);
    await next.hub.close();
  }
});

t.test('a run that was not over is not taken for a duplicate of itself', async (t) => {
  const home = machine();
  const task = '[[trigger]]\ntopic = "x/{n}"\nonChange = "/v"\ndedupe = { window = "1 h" }\n';
  const first = await home.start(t, { task });
  first.link.deliver('x/a', { payload: Buffer.from('{"v":1}') });
  await turns();
  t.equal(await first.hub.close(), 1, 'it was not over in time');
  const second = await home.start(t, { task, dir: first.dir });
  t.equal(second.runtime.started.length, 1);
  second.link.deliver('x/a', { payload: Buffer.from('{"v":1}') });
  await turns();
  t.equal(second.hub.counts.dropped.duplicate, 1, 'and is remembered again');
});
