/** A real hub and a real provider between which long runs move, over a link that can be spoilt: processes of their own. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { ApiClient, type CurrentRun, type MigrationView, type Note } from '../../hub/api/index.js';
import { decodeStub } from '../../provider/migrations/stub-codec.js';
import type { Stub } from '../../provider/protocol/responsibility/index.js';
import { startShapingProxy, type ShapingProxy } from '../../sim/shaping-proxy.js';
import { startMosquitto, type Mosquitto } from '../fixtures/mosquitto.js';
import { freePort } from '../fixtures/free-port.js';
import { ProviderProcess, sterna } from '../provider/provider-process.js';
import { until } from '../runtime/eventually.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';
import { Witness } from './witness.js';

/** What the provider is called at the hub. */
const PROVIDER = 'shed';

/** What is asked of a task, and where it answers. */
export interface Work {
  readonly task: 'forecast' | 'optimise';
  /** How much it is: forecast's `starts`, optimise's `levels`. */
  readonly size: number;
  /**
   * Who goes on with it when a link is lost while it executes at the provider: the hub if its effects are for devices
   * there, the provider if they wake another task.
   */
  readonly responsible: 'hub' | 'provider';
}

const HOURLY = Array.from({ length: 400 }, (_, hour) => 0.4 + Math.exp(-(((hour % 24) - 19) ** 2) / 8));
const PRICES = Array.from({ length: 96 }, (_, step) => (step >= 68 && step < 84 ? 0.5 : 0.2 + (step % 7) / 100));

const ASKED = {
  forecast: { topic: 'forecast/m/fit', payload: { hourly: HOURLY, horizon: 24 }, effect: 'forecast/+/next' },
  optimise: { topic: 'battery/b/plan', payload: { prices: PRICES }, effect: 'battery/+/schedule' },
} as const;

/** What a run is seen to have gone through. */
export interface Seen {
  readonly runId: string;
  readonly task: string;
  /** By what they say, each once. */
  readonly notes: ReadonlyMap<string, Note>;
  readonly points: number;
  /** Its epochs, as one process of the hub has said them while the run moved: another one, or a later move, counts anew. */
  readonly epochs: ReadonlyMap<string, readonly number[]>;
}

interface Seeing extends Pick<Seen, 'runId' | 'task'> {
  readonly notes: Map<string, Note>;
  readonly epochs: Map<string, number[]>;
  points: number;
}

export class MovingRunScene {
  readonly broker: Mosquitto;
  readonly proxy: ShapingProxy;
  readonly witness: Witness;
  readonly #t: Test;
  readonly #dir: string;
  readonly #device: Device;
  readonly #hubArgs: readonly string[];
  readonly #port: number;
  readonly #seen = new Map<string, Seeing>();
  /** Processes of the hub so far. */
  #hubs = 0;
  #hub: HubProcess | undefined;
  #provider: ProviderProcess | undefined;
  #client: ApiClient | undefined;

  private constructor(t: Test, of: Pick<MovingRunScene, 'broker' | 'proxy' | 'witness'> & SceneParts) {
    this.#t = t;
    [this.broker, this.proxy, this.witness] = [of.broker, of.proxy, of.witness];
    [this.#dir, this.#device, this.#hubArgs, this.#port] = [of.dir, of.device, of.hubArgs, of.port];
  }

  /** All that runs is ended with the test. @param placement of all runs. */
  static async begin(
    t: Test,
    works: readonly Work[],
    placement: 'prefer-local' | 'prefer-remote' = 'prefer-local',
  ): Promise<MovingRunScene> {
    const dir = t.testdir({});
    const broker = await startMosquitto();
    t.teardown(() => broker.close());
    const port = await freePort();
    const proxy = await startShapingProxy({ host: '127.0.0.1', port });
    t.teardown(() => proxy.close());
    const address = `127.0.0.1:${proxy.port}`;
    const token = (await sterna('provider', 'init', '--data', join(dir, 'provider'), '--address', address)).trim();
    mkdirSync(join(dir, 'hub'));
    await sterna('provider', 'add', token, '--data', join(dir, 'hub'), '--name', PROVIDER);
    for (const work of works) {
      await deployInto(join(dir, 'tasks'), [`guest-tasks/${work.task}`], (toml) => sized(toml, work));
    }
    writeFileSync(join(dir, 'app.toml'), application(works, placement));
    const folders = ['--tasks', join(dir, 'tasks'), '--data', join(dir, 'hub'), '--app', join(dir, 'app.toml')];
    const how = ['--broker', broker.url, '--api', '127.0.0.1:0', '--report', 'json', '--threads', '2'];
    const witness = await Witness.connect(t, broker.url, ['forecast/+/next', 'battery/+/schedule']);
    const device = await Device.connect(t, broker.url, []);
    const hubArgs = [...folders, ...how, '--log', 'info'];
    const scene = new MovingRunScene(t, { broker, proxy, witness, dir, device, port, hubArgs });
    await scene.startProvider();
    await scene.startHub();
    return scene;
  }

  get hub(): HubProcess {
    if (this.#hub === undefined) throw new Error('the hub was not started');
    return this.#hub;
  }

  get provider(): ProviderProcess {
    if (this.#provider === undefined) throw new Error('the provider was not started');
    return this.#provider;
  }

  /** Where the provider keeps what it keeps. */
  get providerDir(): string {
    return join(this.#dir, 'provider');
  }

  async startProvider(): Promise<void> {
    this.#provider = await ProviderProcess.start(this.#t, this.#port, this.providerDir);
  }

  /** Resolves when its API answers. */
  async startHub(): Promise<void> {
    const file = join(this.#dir, 'hub', 'api.json');
    rmSync(file, { force: true });
    this.#hubs++;
    this.#hub = await HubProcess.start(this.#t, this.#hubArgs);
    await until('its API is there', 20_000, () => existsSync(file));
    this.#client = await ApiClient.of(join(this.#dir, 'hub'));
  }

  /** Has a task begin. */
  publish({ task }: Work): Promise<void> {
    const { topic, payload } = ASKED[task];
    return this.#device.publish(topic, JSON.stringify(payload));
  }

  /**
   * Has a task begin at the provider, with `prefer-remote`: one that began here, as the component was new there, is
   * cancelled. @returns the run's id, and why it was placed there.
   */
  async placedThere(work: Work): Promise<{ readonly runId: string; readonly reason: string }> {
    for (const untilMs = performance.now() + 60_000; performance.now() < untilMs;) {
      await this.publish(work);
      const runId = await found('its run', 20_000, async () => (await this.current())[0]?.runId);
      const path = encodeURIComponent(runId);
      const { decisions } = (await this.#api.get(`/v1/placement?run=${path}`)) as {
        readonly decisions: readonly { readonly side: string; readonly reason: string }[];
      };
      const [decision] = decisions;
      if (decision?.side === 'remote') return { runId, reason: decision.reason };
      await this.#api.post(`/v1/current-runs/${path}/cancel`, {});
      await found('its end', 20_000, async () => ((await this.current()).length === 0 ? true : undefined));
    }
    throw new Error('not within a minute: the provider takes the task');
  }

  /** Runs that have begun and are not over. */
  async current(): Promise<readonly CurrentRun[]> {
    return ((await this.#api.get('/v1/current-runs')) as { readonly runs: readonly CurrentRun[] }).runs;
  }

  /** Asks for it. @throws ApiError when the hub refuses. */
  async migrate(runId: string, to: 'provider' | 'hub'): Promise<void> {
    const body = { to: to === 'provider' ? PROVIDER : null };
    await this.#api.post(`/v1/current-runs/${encodeURIComponent(runId)}/migrate`, body);
  }

  /** Has it move to the provider as soon as that may be: until then it stands still, as the component may be new there. */
  async sentAway(runId: string): Promise<void> {
    await this.#api.post(`/v1/current-runs/${encodeURIComponent(runId)}/park`, {});
    let why: unknown;
    const asked = async (): Promise<true | undefined> => {
      try {
        await this.migrate(runId, 'provider');
        return true;
      } catch (error) {
        why = error;
        return undefined;
      }
    };
    await found('the run may move', 150_000, asked).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${String(why)}`);
    });
  }

  /** Where a run is, and how it came there; undefined when it has not moved. What is seen is remembered. */
  async migration(runId: string): Promise<MigrationView | undefined> {
    const path = `/v1/current-runs/${encodeURIComponent(runId)}/migration`;
    const { migration } = (await this.#api.get(path)) as { readonly migration: MigrationView | null };
    if (migration === null) return undefined;
    const { task, point, notes, epoch } = migration;
    const seen: Seeing = this.#seen.get(runId) ?? { runId, task, notes: new Map(), points: 0, epochs: new Map() };
    const move = `process ${this.#hubs}, move of ${notes[0]?.atMs}`;
    seen.epochs.set(move, [...(seen.epochs.get(move) ?? []), epoch]);
    this.#seen.set(runId, seen);
    seen.points = Math.max(seen.points, point);
    for (const note of notes) seen.notes.set(JSON.stringify(note), note);
    return migration;
  }

  /** What the provider has on disk of runs that moved to it. */
  async providerStubs(): Promise<readonly Stub[]> {
    const dir = join(this.#dir, 'provider', 'migrations');
    const stubs: Stub[] = [];
    for (const hub of await readdir(dir).catch(() => [])) {
      for (const file of await readdir(join(dir, hub))) {
        if (!file.endsWith('.stub')) continue;
        // One may be gone by now.
        const bytes = await readFile(join(dir, hub, file)).catch(() => undefined);
        if (bytes !== undefined) stubs.push(decodeStub(bytes).stub.record.stub);
      }
    }
    return stubs;
  }

  get seen(): readonly Seen[] {
    return [...this.#seen.values()];
  }

  /** Executes a run again from its beginning, here, with the same event, seed and clock. @returns what it said. */
  async replayed(runId: string): Promise<{ readonly identical: boolean; readonly differences: readonly unknown[] }> {
    const said = await sterna('replay', runId, '--data', join(this.#dir, 'hub'), '--json').catch(
      (error: { readonly stdout?: string }) => error.stdout ?? '',
    );
    return JSON.parse(said) as { readonly identical: boolean; readonly differences: readonly unknown[] };
  }

  get #api(): ApiClient {
    if (this.#client === undefined) throw new Error('the hub was not started');
    return this.#client;
  }
}

interface SceneParts {
  readonly dir: string;
  readonly device: Device;
  readonly hubArgs: readonly string[];
  readonly port: number;
}

/** What is looked for, as soon as it is there. */
export async function found<Value>(what: string, ms: number, look: () => Promise<Value | undefined>): Promise<Value> {
  for (const untilMs = performance.now() + ms; performance.now() < untilMs;) {
    const value = await look();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`not within ${ms} ms: ${what}`);
}

/** A point every so often, and within what a provider allows, which is less than a hub does. */
function sized(toml: string, { task, size }: Work): string {
  const bounded = toml.replace('5000G', '900G').replace('2 h', '10 min').replace('1 h', '10 min');
  const config = task === 'forecast' ? 'starts' : 'levels';
  const edited = bounded.replace(`${config} = 2000`, `${config} = ${size}`);
  return `${edited}\n[checkpoint]\nevery = "200 ms"\npoints = "all"\n`;
}

/** Runs move by hand only. */
function application(works: readonly Work[], placement: string): string {
  const wakes = works.filter(({ responsible }) => responsible === 'provider');
  const edges = wakes.map(({ task }) => `[[edges]]\nfrom = "${task}"\ntopic = "${ASKED[task].effect}"\nto = "later"\n`);
  return `name = "test"\n${edges.join('')}[placement]\ndefault = "${placement}"\nchecked = 0\nmigration = "by-hand"\n`;
}
