/**
 * A hub that is killed again and again: each event at QoS 1 counts once, and each
 * count is published with the event that it counted. `STERNA_KILLS` and
 * `STERNA_KILL_SEED` ask for more, or for the same again.
 */
import { join } from 'node:path';
import t from 'tap';
import { mosquittoMissing, startMosquitto } from '../fixtures/mosquitto.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

const KILLS = Number(process.env['STERNA_KILLS'] ?? 25);
const SEED = Number(process.env['STERNA_KILL_SEED'] ?? Date.now() % 1_000_000);
const EVENTS_PER_KILL = 150;
const DEVICES = 4;
/** How many die while they start. */
const EARLY = 0.25;
const EARLY_MS = 1_000;
/** How long the others work. */
const WORKING_MS = 250;

t.setTimeout(120_000 + KILLS * 10_000);

t.test(`after ${KILLS} kills each event counted once (seed ${SEED})`, { skip: mosquittoMissing() }, async (t) => {
  const random = randomFrom(SEED);
  const dir = t.testdir({});
  await deployInto(join(dir, 'tasks'), ['test/fixtures/guests/counter']);
  const broker = await startMosquitto();
  t.teardown(() => broker.close());
  const args = ['--tasks', join(dir, 'tasks'), '--data', join(dir, 'data'), '--broker', broker.url, '--threads', '1'];
  const device = await Device.connect(t, broker.url, ['count/+']);
  // Its session with the broker exists from now on: what is published while it is away waits for it.
  const first = await HubProcess.start(t, [...args, '--report', 'json']);
  await first.killed();

  const sent: string[] = [];
  const arrived: Promise<void>[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const hub = HubProcess.launch(t, [...args, '--report', 'json']);
    const early = random() < EARLY;
    if (!early) await hub.says(/"kind":"started"/, 60_000);
    const dies = new Promise((resolve) => setTimeout(resolve, random() * (early ? EARLY_MS : WORKING_MS)));
    for (let i = 0; i < EVENTS_PER_KILL; i++) {
      const payload = `event ${sent.length}`;
      arrived.push(device.publish(`in/d${sent.length % DEVICES}`, payload));
      sent.push(payload);
      if (random() < 0.05) await new Promise((resolve) => setTimeout(resolve, random() * 50));
    }
    await dies;
    await hub.killed();
  }
  await Promise.all(arrived);
  const last = await HubProcess.start(t, [...args, '--report', 'json']);
  const counted = (): Map<string, Set<string>> => countsOf(device.texts);
  await device.hearsUntil('a count for each event', 60_000, () => counted().size >= sent.length);
  t.equal(await last.terminated(20_000), 0);

  const counts = counted();
  const expected = sent.map((_, i) => `count/d${i % DEVICES} ${Math.floor(i / DEVICES) + 1}`);
  t.strictSame([...counts.keys()].toSorted(), expected.toSorted(), 'as many counts as events');
  t.strictSame(
    [...counts].filter(([, events]) => events.size !== 1),
    [],
    'a count that comes again says the same',
  );
  const events = [...counts.values()].flatMap((each) => [...each]);
  t.strictSame(events.toSorted(), sent.toSorted(), 'each event is counted once');
  t.comment(`${sent.length} events, ${device.texts.length} messages`);
});

/** What was published under each count. */
function countsOf(texts: Device['texts']): Map<string, Set<string>> {
  const counts = new Map<string, Set<string>>();
  for (const [topic, payload] of texts) {
    const [count = '', ...event] = payload.split(' ');
    const name = `${topic} ${count}`;
    const said = counts.get(name) ?? new Set();
    counts.set(name, said.add(event.join(' ')));
  }
  return counts;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
