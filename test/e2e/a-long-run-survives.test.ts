/**
 * A hub that is killed again and again in the middle of long runs, with short ones among them, often just when a point of
 * one is being written: no run starts over once a point of it is on disk, none is lost, and each has its effect once.
 * `STERNA_KILLS` and `STERNA_KILL_SEED` ask for more, or for the same again.
 */
import { watch } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { mosquittoMissing, startMosquitto } from '../fixtures/mosquitto.js';
import { until } from '../runtime/eventually.js';
import { Random } from '../runtime/provision/fuzz/random.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';
import { Witness } from './witness.js';

const KILLS = Number(process.env['STERNA_KILLS'] ?? 15);
/** Each asks for a forecast and a plan. */
const DEVICES = 3;

const SEED = Number(process.env['STERNA_KILL_SEED'] ?? Date.now() % 1_000_000);

t.setTimeout(180_000 + KILLS * 10_000);

const HOURLY = Array.from({ length: 400 }, (_, hour) => 0.4 + Math.exp(-(((hour % 24) - 19) ** 2) / 8));
const PRICES = Array.from({ length: 24 }, (_, hour) => (hour >= 17 && hour < 21 ? 0.5 : 0.2));

/** Long enough for some lives of the hub, and short enough for a test. */
function shortened(toml: string): string {
  const checkpoint = '\n[checkpoint]\nevery = "100 ms"\npoints = "all"\n';
  if (toml.includes('name = "counter"')) return toml;
  const sized = toml.replace('starts = 2000', 'starts = 1200').replace('levels = 2000', 'levels = 5000');
  return `${sized}${checkpoint}`;
}

const LONG_EFFECTS = /\/(next|schedule)$/;

interface Point {
  readonly runId: string;
  readonly fuel: number;
  /** On disk. */
  readonly bytes: number;
}

/** As they are seen: a file begun, written, synced, named, and one that goes. */
const CHANGES_OF_A_WRITE = 8;
const CHANGES_MS = 2_000;

/** Resolves after so many changes in a folder, or when there were none for long. */
async function changes(folder: string, count: number): Promise<void> {
  const watcher = watch(folder);
  let left = count;
  await new Promise<void>((resolve) => {
    const giveUp = setTimeout(resolve, CHANGES_MS);
    watcher.on('change', () => {
      if (--left > 0) return;
      clearTimeout(giveUp);
      resolve();
    });
  });
  watcher.close();
}

/** What a life of the hub said of its runs. */
function said(stdout: string, kind: string): readonly Point[] {
  const lines = stdout.split('\n').filter((line) => line.startsWith(`{"kind":"${kind}"`) && line.endsWith('}'));
  return lines.map((line) => JSON.parse(line) as Point);
}

t.test(`after ${KILLS} kills (seed ${SEED})`, { skip: mosquittoMissing() }, async (t) => {
  const dir = t.testdir({});
  const data = join(dir, 'data');
  const checkpoints = join(data, 'checkpoints');
  await mkdir(data);
  const tasks = ['guest-tasks/forecast', 'guest-tasks/optimise', 'test/fixtures/guests/counter'];
  await deployInto(join(dir, 'tasks'), tasks, shortened);
  const broker = await startMosquitto();
  t.teardown(() => broker.close());
  const folders = ['--tasks', join(dir, 'tasks'), '--data', data];
  const args = [...folders, '--broker', broker.url, '--threads', '2', '--report', 'json', '--api', 'off'];
  const witness = await Witness.connect(t, broker.url, '#');
  const device = await Device.connect(t, broker.url, []);
  const heard = (topics: RegExp): string[] =>
    [...witness.effects.values()].map(({ topic }) => topic).filter((topic) => topics.test(topic));
  const random = new Random(SEED);
  const first = await HubProcess.start(t, args);
  await first.killed();

  /** The last point of each run that the disk had when its hub was killed. */
  const points = new Map<string, number>();
  let [asked, events, resumed] = [0, 0, 0];
  const overtaken: string[] = [];
  /** Most that a point of each run took on disk, and how many took less than half of that. */
  const largest = new Map<string, number>();
  let small = 0;
  /** Kills that left a file which was not finished. */
  let torn = 0;
  const look = (stdout: string): void => {
    for (const { runId } of said(stdout, 'run-restarted')) overtaken.push(`${runId} started over`);
    const goneOn = new Set<string>();
    for (const { runId, fuel } of said(stdout, 'run-resumed')) {
      resumed++;
      goneOn.add(runId);
      if (fuel < (points.get(runId) ?? 0)) overtaken.push(`${runId} went on at ${fuel}, before ${points.get(runId)}`);
    }
    for (const { runId } of said(stdout, 'run-finished')) {
      if (points.has(runId) && !goneOn.has(runId)) overtaken.push(`${runId} began again, without a word`);
    }
    for (const { runId, fuel, bytes } of said(stdout, 'run-checkpointed')) {
      if (fuel < (points.get(runId) ?? 0)) overtaken.push(`${runId} came to ${fuel} again`);
      largest.set(runId, Math.max(bytes, largest.get(runId) ?? 0));
      if (bytes < (largest.get(runId) ?? 0) / 2) small++;
      points.set(runId, fuel);
    }
  };
  for (let kill = 0; kill < KILLS; kill++) {
    const hub = HubProcess.launch(t, args);
    const isHard = random.once(5);
    if (!isHard) await hub.says(/"kind":"started"/, 60_000);
    if (asked < DEVICES && !isHard) {
      const payload = { hourly: HOURLY, horizon: 24 };
      await device.publish(`forecast/m${asked}/fit`, JSON.stringify(payload));
      await device.publish(`battery/b${asked}/plan`, JSON.stringify({ prices: PRICES }));
      asked++;
    }
    for (let i = 0; i < 5; i++) await device.publish('in/d0', `event-${events++}`);
    if (!isHard && random.once(2)) await changes(checkpoints, 1 + random.below(CHANGES_OF_A_WRITE));
    else await new Promise((resolve) => setTimeout(resolve, random.below(isHard ? 600 : 900)));
    await hub.killed();
    look(hub.stdout);
    if ((await readdir(checkpoints)).some((name) => name.endsWith('.new'))) torn++;
  }
  const last = await HubProcess.start(t, args);
  await until('all effects', 120_000, () => {
    return heard(LONG_EFFECTS).length >= 2 * asked && heard(/^count\//).length >= events;
  });
  t.equal(await last.terminated(20_000), 0);
  look(last.stdout);
  t.strictSame(overtaken, [], 'no run starts over, or goes on before its last point');
  // It hears the events too, which have no id.
  const contradictions = witness.contradictions.filter(([{ id }]) => id !== 'undefined');
  t.strictSame(contradictions, [], 'an effect that is heard again says the same');
  t.equal(heard(LONG_EFFECTS).length, 2 * asked);
  t.equal(new Set(heard(LONG_EFFECTS)).size, 2 * asked, 'each has its effect once');
  t.equal(heard(/^count\//).length, events, 'and the short ones too');
  t.strictSame(await readdir(checkpoints), [], 'and nothing is left of them');
  t.ok(resumed > 0, 'some went on');
  t.ok(small > 0, 'points were kept as differences');
  t.comment(
    `${2 * asked} long runs, ${points.size} of them with points, gone on ${resumed} times; ${small} points were differences, ` +
      `${torn} files cut short; ${events} short runs`,
  );
});
