/**
 * A broker that is away while a hub has much to publish, and the hub is killed
 * meanwhile: everything is heard when it is back, in order. `STERNA_AWAY_MS`
 * asks for longer than the default.
 */
import { join } from 'node:path';
import t from 'tap';
import { mosquittoMissing, startMosquitto } from '../fixtures/mosquitto.js';
import { leaveBacklog } from './backlog.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';
import { Witness } from './witness.js';

const AWAY_MS = Number(process.env['STERNA_AWAY_MS'] ?? 8_000);
/** A hub is killed this long after it was launched; the last one is let live. */
const LIFE_MS = 2_500;
const EVENTS = 10_000;
const DEVICES = 50;

t.setTimeout(120_000 + 2 * AWAY_MS);

t.test(`a broker is away for ${AWAY_MS} ms`, { skip: mosquittoMissing() }, async (t) => {
  const dir = t.testdir({});
  await deployInto(join(dir, 'tasks'), ['test/fixtures/guests/counter']);
  const data = join(dir, 'data');
  await leaveBacklog(data, { events: EVENTS, devices: DEVICES, task: 'counter', together: 5 });
  const broker = await startMosquitto();
  t.teardown(() => broker.close());
  const witness = await Witness.connect(t, broker.url, 'count/+');
  await broker.stop();

  const folders = ['--tasks', join(dir, 'tasks'), '--data', data];
  const args = [...folders, '--broker', broker.url, '--threads', '1', '--report', 'json', '--api', 'off'];
  const backAt = performance.now() + AWAY_MS;
  let hub = HubProcess.launch(t, args);
  let lives = 1;
  while (performance.now() + LIFE_MS < backAt) {
    await new Promise((resolve) => setTimeout(resolve, LIFE_MS));
    await hub.killed();
    hub = HubProcess.launch(t, args);
    lives++;
  }
  // It works although it has no broker: what it published waits on its disk.
  await hub.says(/"kind":"published"/, 60_000);
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, backAt - performance.now())));
  await broker.start();
  await witness.hears(EVENTS, 90_000);
  t.equal(await hub.terminated(20_000), 0);

  t.strictSame(witness.contradictions, []);
  const heard = new Map<string, string[]>();
  for (const { topic, text } of witness.effects.values()) heard.set(topic, [...(heard.get(topic) ?? []), text]);
  const expected = Array.from({ length: EVENTS / DEVICES }, (_, i) => i);
  for (let device = 0; device < DEVICES; device++) {
    const texts = expected.map((i) => `${i + 1} event-${i * DEVICES + device}`);
    if (heard.get(`count/d${device}`)?.join() !== texts.join())
      t.strictSame(heard.get(`count/d${device}`), texts, `device ${device}: each once, in order`);
  }
  t.pass(`${lives} lives, ${witness.repeats} messages were published again`);
});
