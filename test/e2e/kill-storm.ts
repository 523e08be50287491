/** Lives of a real hub that are cut short, and what must have come of all of them together. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { JOURNAL_BOUNDS } from '../../hub/journal/limits.js';
import { STORE_BOUNDS } from '../../hub/store/limits.js';
import { openState } from '../../hub/store/reader.js';
import { startMosquitto, type Mosquitto } from '../fixtures/mosquitto.js';
import { smallDisk, smallDiskMissing, type SmallDisk } from '../fixtures/small-disk.js';
import { until } from '../runtime/eventually.js';
import type { Random } from '../runtime/provision/fuzz/random.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';
import { Witness } from './witness.js';

const DEVICES = 4;

/** In what a life of the hub is cut short, and how often among twenty. */
export const LIVES = {
  /** While it starts. */
  starting: 4,
  /** Just when it has begun on what the one before has left. */
  replaying: 6,
  /** Under load. */
  working: 5,
  /** When the log has grown until it is copied. */
  copying: 2,
  /** While nothing can be written, or shortly after it can be again. */
  'on a full disk': 1,
  /** After the broker was stopped, as by an update, and started again. */
  'with the broker stopped': 1,
  /** After the broker was killed. */
  'with the broker killed': 1,
} as const;

export type Life = keyof typeof LIVES;

const EVENTS: Readonly<Record<Life, number>> = {
  starting: 60,
  replaying: 150,
  working: 150,
  copying: 400,
  'on a full disk': 60,
  'with the broker stopped': 60,
  'with the broker killed': 60,
};

/** Within what time it is killed, from its launch or its start on. */
const WITHIN_MS: Readonly<Partial<Record<Life, number>>> = { starting: 1_000, replaying: 40 };
const WORKING_MS = 250;

/** Payloads that fill the log soon. */
const LARGE_BYTES = 12_000;

/** A disk that can be filled, or where there is none, a folder. */
interface Place {
  readonly directory: string;
  readonly disk: SmallDisk | undefined;
}

/** Real processes: a hub, its broker, a device and who hears the effects. All are ended with the test. */
export class KillStorm {
  readonly #sent: string[] = [];
  #arrived: Promise<void>[] = [];
  readonly #lives = new Map<Life, number>();
  #copies = 0;

  private constructor(
    private readonly t: Test,
    private readonly broker: Mosquitto,
    private readonly place: Place,
    private readonly device: Device,
    private readonly witness: Witness,
    private readonly args: readonly string[],
  ) {}

  static async begin(t: Test): Promise<KillStorm> {
    const dir = t.testdir({});
    const disk = smallDiskMissing() === false ? smallDisk(t, 128) : undefined;
    if (disk === undefined) t.comment(`the disk is not filled: ${smallDiskMissing()}`);
    const place = { directory: join(disk?.directory ?? dir, 'data'), disk };
    await mkdir(place.directory);
    await deployInto(join(dir, 'tasks'), ['test/fixtures/guests/counter']);
    const broker = await startMosquitto();
    t.teardown(() => broker.close());
    const folders = ['--tasks', join(dir, 'tasks'), '--data', place.directory];
    const args = [...folders, '--broker', broker.url, '--threads', '1', '--report', 'json', '--api', 'off'];
    const witness = await Witness.connect(t, broker.url, 'count/+');
    const device = await Device.connect(t, broker.url, []);
    const storm = new KillStorm(t, broker, place, device, witness, args);
    // Its session with the broker exists from now on: what is published while it is away waits for it.
    const first = await HubProcess.start(t, args);
    await first.killed();
    return storm;
  }

  /** A hub starts, events come, and it is killed. */
  async live(life: Life, random: Random): Promise<void> {
    this.#lives.set(life, (this.#lives.get(life) ?? 0) + 1);
    const hub = HubProcess.launch(this.t, this.args);
    if (life !== 'starting') await hub.says(/"kind":"started"/, 60_000);
    const dies = pause(random.below(WITHIN_MS[life] ?? WORKING_MS));
    const pauses = random.list(EVENTS[life], () => (random.once(20) ? random.below(50) : undefined));
    const publishing = this.#publish(pauses, life === 'copying' ? LARGE_BYTES : 0);
    if (life === 'copying') await this.#logIsCopied(random.below(60));
    if (life === 'on a full disk') await this.#fullDisk(random);
    if (life === 'with the broker stopped') {
      // What was on its way to the broker is sent again by the device, and is then another event.
      await publishing;
      await this.#arrivals();
      await this.broker.stop();
      await this.broker.start();
    }
    await dies;
    await hub.killed();
    await publishing;
    if (life === 'with the broker killed') {
      await this.#savedByBroker();
      await this.broker.kill();
      await this.broker.start();
    }
  }

  /** The last hub finishes. */
  async end(): Promise<void> {
    const { t, witness } = this;
    const sent = this.#sent;
    await this.#arrivals();
    const last = await HubProcess.start(t, this.args);
    await witness.hears(sent.length, 60_000);
    t.equal(await last.terminated(20_000), 0);

    t.strictSame(witness.contradictions.slice(0, 3), [], 'an effect that is heard again says the same');
    const effects = [...witness.effects.values()].map(({ topic, text }) => [topic, ...firstWords(text)] as const);
    const counts = effects.map(([topic, count]) => `${topic} ${count}`);
    const expected = sent.map((_, i) => `count/d${i % DEVICES} ${Math.floor(i / DEVICES) + 1}`);
    t.strictSame(differences(counts, expected), [], 'as many effects as events, each with a count of its own');
    const events = effects.map(([, , event]) => event);
    t.strictSame(differences(events, sent), [], 'each event is counted once');
    t.strictSame(this.#state(), Object.fromEntries(this.#sums()), 'and the state has each once');
    const repeats = `${witness.repeats} messages were published again`;
    t.comment(
      `${sent.length} events, ${repeats}; ${this.#copies} logs were copied; ${JSON.stringify([...this.#lives])}`,
    );
  }

  async #publish(pauses: readonly (number | undefined)[], padding: number): Promise<void> {
    for (const ms of pauses) {
      const name = `event-${this.#sent.length}`;
      const payload = padding === 0 ? name : `${name} ${'x'.repeat(padding)}`;
      this.#arrived.push(this.device.publish(`in/d${this.#sent.length % DEVICES}`, payload));
      this.#sent.push(name);
      if (ms !== undefined) await pause(ms);
    }
  }

  /** The broker has all events. */
  async #arrivals(): Promise<void> {
    await Promise.all(this.#arrived);
    this.#arrived = [];
  }

  /** Waits until the log is about to be copied; not for ever, since the hub may be held up. */
  async #logIsCopied(thenMs: number): Promise<void> {
    const log = join(this.place.directory, 'state.db-wal');
    const deadline = performance.now() + 5_000;
    while (performance.now() < deadline) {
      if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) >= STORE_BOUNDS.logBytes) {
        this.#copies++;
        break;
      }
      await pause(5);
    }
    await pause(thenMs);
  }

  async #fullDisk(random: Random): Promise<void> {
    const { disk } = this.place;
    if (disk === undefined) return;
    disk.fill();
    await pause(random.below(1_500));
    disk.free();
    if (random.once(2)) await pause(random.below(JOURNAL_BOUNDS.retryMs * 2));
  }

  /**
   * Waits until the broker has saved what it acknowledged. Otherwise one that
   * is killed forgets what came since, and gives again what was acknowledged
   * since: Mosquitto acknowledges before it saves.
   */
  async #savedByBroker(): Promise<void> {
    await this.#arrivals();
    const mark = `saved-${this.#sent.length}-${Date.now()}`;
    await this.device.publish(`mark/${mark}`, mark, 1, true);
    this.broker.save();
    const { database } = this.broker;
    await until('the broker saves', 20_000, () => existsSync(database) && readFileSync(database).includes(mark));
  }

  #sums(): Map<string, number> {
    const sums = new Map<string, number>();
    for (const i of this.#sent.keys()) sums.set(`d${i % DEVICES}`, (sums.get(`d${i % DEVICES}`) ?? 0) + 1);
    return sums;
  }

  /** What the task has counted, as the hub has it on disk. */
  #state(): Record<string, number> {
    const state = openState({ file: join(this.place.directory, 'state.db') });
    const snapshot = state.snapshot();
    const counts: Record<string, number> = {};
    for (const key of snapshot.keys('task/counter/default', undefined, 100)) {
      counts[key] = Number(Buffer.from(snapshot.get('task/counter/default', key)?.value ?? []).readBigUInt64LE());
    }
    snapshot.release();
    state.close();
    return counts;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The count, and the event that it counted without its padding. */
function firstWords(text: string): readonly [string, string] {
  const [count = '', event = ''] = text.split(' ', 2);
  return [count, event];
}

/** In what two lists differ that should hold the same, in whatever order: some of it, enough to see. */
function differences(found: readonly string[], expected: readonly string[]): readonly string[] {
  const there = new Set(found);
  const missing = expected.filter((each) => !there.has(each)).slice(0, 5);
  const right = found.length === expected.length && missing.length === 0;
  return right ? [] : [`${found.length} instead of ${expected.length}`, ...missing.map((each) => `without ${each}`)];
}
