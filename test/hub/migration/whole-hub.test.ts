/** A whole hub that is killed, or whose power is cut, at each moment of a run that moves to a peer and home. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openState } from '../../../hub/store/reader.js';
import { openStore, type Store } from '../../../hub/store/index.js';
import type { Terms } from '../../../provider/protocol/migration/index.js';
import type { Loss } from '../storm/disk.js';
import { BETWEEN, FLAWS } from '../storm/flaws.js';
import { ModelBroker } from '../storm/model-broker.js';
import { live, type Flaw } from './hub-life.js';
import { Peer } from './peer.js';
import { INSTALLED, KEY, published, steppingRuntime } from './stepping-runtime.js';
import { Way } from './way.js';

t.setTimeout(170_000);

const TOML = `name = "long"
version = "1.0.0"
component = "c.wasm"
resumable = true
[[trigger]]
topic = "in/{device}"
[grants]
publish = ["out/said"]
buckets = { default = "read-write" }
`;

interface Storms {
  readonly directory: string;
  readonly tasks: string;
  count: number;
}

function storms(t: Test): Storms {
  // In memory where that can be had: the model says what a disk has confirmed, and real syncs would only take time.
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'sterna-moving-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const tasks = join(directory, 'tasks', 'long');
  mkdirSync(tasks, { recursive: true });
  writeFileSync(join(tasks, 'task.toml'), TOML);
  writeFileSync(join(tasks, 'c.wasm'), 'long');
  return { directory, tasks, count: 0 };
}

interface Cut {
  readonly at: number;
  readonly loss: Loss;
}

interface Weather {
  readonly stopped: string | undefined;
  readonly moments: number;
  readonly wrong: readonly string[];
}

/** A hub that is stopped, and one that goes on from what it has left, with the same peer. */
async function weather(all: Storms, cut: Cut, terms: Partial<Terms>, flaw?: Flaw): Promise<Weather> {
  const broker = new ModelBroker();
  const peer = new Peer(steppingRuntime(), INSTALLED.key);
  const way = new Way();
  broker.send({ topic: 'in/a', text: 'event' });
  const next = (): string => join(all.directory, `${all.count++}`);
  let directory = next();
  let stopped: string | undefined;
  const wrong: string[] = [];
  for (const { at, loss } of [cut, { at: Infinity, loss: 'process' } as const]) {
    const leaves = next();
    const { tasks, count } = all;
    const options = { directory, tasks, broker, peer, way, terms, flaw, leaves, loss };
    const life = await live({ ...options, stopAt: at, name: `life-${count}` });
    wrong.push(...life.wrong);
    if (life.stopped === undefined) {
      wrong.push(...(await wrongAtRest(directory)), ...wrongOnWire(broker), ...peer.faults);
      rmSync(directory, { recursive: true });
      return { stopped, moments: life.moments, wrong };
    }
    rmSync(directory, { recursive: true });
    [stopped, directory] = [life.stopped, leaves];
  }
  throw new Error('the last life was not cut');
}

async function wrongAtRest(directory: string): Promise<readonly string[]> {
  const file = join(directory, 'state.db');
  const store = openStore(file);
  const rows = store.moves().length + store.points().length + [...store.unfinished()].length;
  await store.close();
  const state = openState({ file });
  const snapshot = state.snapshot();
  const count = Buffer.from(snapshot.get('task/long/default', KEY)?.value ?? []).toString();
  snapshot.release();
  state.close();
  return [
    ...(rows === 0 ? [] : [`${rows} rows of the run are left`]),
    ...(count === '1' ? [] : [`it was counted as "${count}"`]),
  ];
}

function wrongOnWire({ wire }: ModelBroker): readonly string[] {
  const heard = new Set(wire.map(({ id, text }) => `${id} ${text}`));
  const texts = wire.map(({ text }) => text);
  if (heard.size === 1 && texts[0] === published(1)) return [];
  return [`heard was ${[...heard].join(', ')}: it should be ${published(1)}, of one run`];
}

interface Sweep {
  readonly loss: Loss;
  readonly terms: Partial<Terms>;
  readonly flaw?: Flaw;
  /** Which moments: each `every`-th from `first` on. Default: all. */
  readonly first?: number;
  readonly every?: number;
}

/** Stops at each moment in turn, until something is wrong. */
async function everywhere(
  t: Test,
  { loss, terms, flaw, first = 0, every = 1 }: Sweep,
): Promise<{ readonly moments: number; readonly wrong: readonly string[] }> {
  const all = storms(t);
  const calm = await weather(all, { at: Infinity, loss }, terms, flaw);
  if (calm.wrong.length > 0) return { ...calm, wrong: ['without being stopped', ...calm.wrong] };
  const { moments } = calm;
  for (let at = first; at < moments; at += every) {
    const { wrong, stopped } = await weather(all, { at, loss }, terms, flaw);
    if (wrong.length > 0) return { moments, wrong: [`stopped ${stopped}, moment ${at} (${loss})`, ...wrong] };
  }
  return { moments, wrong: [] };
}

const WAYS = [
  { mode: 'synchronous', responsible: 'hub' },
  { mode: 'asynchronous', responsible: 'provider' },
] as const;

for (const terms of WAYS) {
  for (const loss of ['process', 'power'] as const) {
    t.test(`whenever the ${loss} ends, a run that moves ${terms.mode} ends once, as if it had stayed`, async (t) => {
      // What was not waited for has half the moments. Of the others, two beside one another have the same on disk, mostly.
      const which = terms.mode === 'asynchronous' ? {} : { first: loss === 'process' ? 0 : 1, every: 2 };
      const { moments, wrong } = await everywhere(t, { loss, terms, ...which });
      t.strictSame(wrong, []);
      t.ok(moments > 100, `${moments} moments`);
    });
  }
}

/** As if the disk had confirmed what it has not, where that was a stub. */
function hastyAboutStubs(store: Store): void {
  const commit = store.commit.bind(store);
  const durable = store.durable.bind(store);
  let isStub = false;
  store.commit = (changes, also) => {
    isStub = changes.some(({ move }) => move !== undefined);
    return commit(changes, also);
  };
  store.durable = () => (isStub ? Promise.resolve() : durable());
}

const FLAWED: Readonly<Record<string, Flaw>> = {
  'says that a stub is kept before the disk has it': { shows: 'power', store: hastyAboutStubs },
  'keeps the row of a stub before the checkpoints that it names': { shows: 'process', isHasty: true },
  'ends a run that moved apart from what it wrote': {
    shows: 'process',
    store: (store, points) => FLAWS['ends a run apart from what it wrote']?.store?.(store, points),
    at: BETWEEN,
  },
};

for (const [name, flaw] of Object.entries(FLAWED)) {
  t.test(`a hub that ${name} is found out`, async (t) => {
    let wrong: readonly string[] = [];
    // Which steps fall beside one another is not the same each time.
    for (let tries = 0; tries < 3 && wrong.length === 0; tries++) {
      ({ wrong } = await everywhere(t, { loss: flaw.shows, terms: WAYS[1], flaw }));
    }
    t.comment(wrong.join('; '));
    t.match(wrong[0], /^stopped/);
  });
}
