/**
 * A hub with a timer of each second is killed again and again: each second has one
 * firing, which counts once. `STERNA_KILLS` and `STERNA_KILL_SEED` ask for more, or
 * for the same again.
 */
import { join } from 'node:path';
import t from 'tap';
import { mosquittoMissing, startMosquitto } from '../fixtures/mosquitto.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

const KILLS = Number(process.env['STERNA_KILLS'] ?? 6);
const SEED = Number(process.env['STERNA_KILL_SEED'] ?? Date.now() % 1_000_000);
/** How many die while they start. */
const EARLY = 0.3;
const EARLY_MS = 1_000;
/** How long the others work. */
const WORKING_MS = 1_500;

t.setTimeout(120_000 + KILLS * 10_000);

const eachSecond = (toml: string): string =>
  toml.replace('topic = "in/{device}"', 'cron = "* * * * * *"\nzone = "Asia/Kathmandu"\ncatchUp = "all"');

t.test(`after ${KILLS} kills each second counted once (seed ${SEED})`, { skip: mosquittoMissing() }, async (t) => {
  const random = randomFrom(SEED);
  const dir = t.testdir({});
  await deployInto(join(dir, 'tasks'), ['test/fixtures/guests/counter'], eachSecond);
  const broker = await startMosquitto();
  t.teardown(() => broker.close());
  const args = ['--tasks', join(dir, 'tasks'), '--data', join(dir, 'data'), '--broker', broker.url, '--threads', '1'];
  const device = await Device.connect(t, broker.url, ['count/#']);
  const launch = (): HubProcess => HubProcess.launch(t, [...args, '--report', 'json']);

  for (let kill = 0; kill < KILLS; kill++) {
    const hub = launch();
    const early = random() < EARLY;
    if (!early) await hub.says(/"kind":"started"/, 60_000);
    await new Promise((resolve) => setTimeout(resolve, random() * (early ? EARLY_MS : WORKING_MS)));
    await hub.killed();
  }
  const last = launch();
  await last.says(/"kind":"started"/, 60_000);
  const untilMs = Date.now();
  await device.hearsUntil('a count for each second', 60_000, () => firings(device).some(([, ms]) => ms >= untilMs));
  t.equal(await last.terminated(20_000), 0);

  const counted = firings(device);
  const firstMs = counted[0]?.[1] ?? 0;
  t.ok(counted.length > KILLS / 2, `${counted.length} seconds, ${device.texts.length} messages`);
  t.strictSame(
    counted,
    counted.map((_, i) => [i + 1, firstMs + i * 1_000]),
    'each count is of one second, and of each second there is one',
  );
});

/** Each count with the moment that was counted, in order; one that was published again is there once. */
function firings(device: Device): (readonly [count: number, scheduledMs: number])[] {
  const texts = new Set(device.texts.map(([, payload]) => payload));
  return [...texts].map(firingOf).toSorted(([a], [b]) => a - b);
}

/** Of `7 {"scheduled":"2026-11-22T07:00:00+05:45"}`. */
function firingOf(text: string): readonly [number, number] {
  const [, count, time] = /^(\d+) \{"scheduled":"([^"]+)"\}$/.exec(text) ?? [];
  return [Number(count), Date.parse(time ?? '')];
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
