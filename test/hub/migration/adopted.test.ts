/** What comes while a hub still reads the stub of a run that moved under an earlier one is done when it has read it. */
import t from 'tap';
import { CheckpointFiles } from '../../../hub/checkpoints/index.js';
import { until } from '../../runtime/eventually.js';
import { realHub, type RealHub } from '../parking/real-hub.js';
import { deployNewer } from './newer-version.js';
import { endOf, sceneThere, undisturbed, type End } from './scene.js';

t.setTimeout(240_000);

let alone: End | undefined;

t.test('a run that does not move', async (t) => {
  alone = await undisturbed(t);
});

interface Reading {
  readonly hub: RealHub;
  readonly run: string;
  /** What it reads is there. */
  readonly read: () => void;
}

/** A hub that reads where a run stood that executes at its provider. */
async function reading(t: Parameters<typeof sceneThere>[0]): Promise<Reading> {
  const terms = { responsible: 'hub', mode: 'synchronous', reclaimMs: 600_000 } as const;
  const { hub: first, peer, run } = await sceneThere(t, terms);
  // It stands there until it is over here.
  peer.ignores = ({ message }) => message.type === 'held';
  await first.hub.close();
  let read: () => void = () => undefined;
  const isRead = new Promise<void>((resolve) => (read = resolve));
  let reads = 0;
  class SlowFiles extends CheckpointFiles {
    override async read(digest: string): Promise<Uint8Array> {
      reads++;
      await isRead;
      return super.read(digest);
    }
  }
  const hub = await realHub(t, {
    tasks: {},
    dir: first.dir,
    placement: peer.placement(terms),
    openCheckpoints: (dir, wanted) => new SlowFiles(dir, wanted),
  });
  t.equal(reads, 1);
  return { hub, run, read };
}

t.test('a new version that cancels ends it', async (t) => {
  const { hub, read } = await reading(t);
  await deployNewer(hub, 'cancel');
  read();
  t.match(await endOf(hub, 'cancelled'), { said: [] });
});

t.test('a new version that has it begin anew is what it begins on', async (t) => {
  const { hub, read } = await reading(t);
  await deployNewer(hub, 'restart-on-new');
  read();
  await hub.tells('long restarted: another version of its task is in force');
  await until('it is of the new version', 10_000, () => hub.hub.currentRuns.list()[0]?.version === '2.0.0');
  t.same(await endOf(hub), alone);
});

t.test('a new version that lets it go on is told of', async (t) => {
  const { hub, run, read } = await reading(t);
  await deployNewer(hub);
  read();
  await until('it moves again', 10_000, () => hub.hub.migrations.of(run) !== undefined);
  t.ok(hub.hub.migrations.of(run)?.notes.some(({ what }) => what === 'outlives'));
  hub.hub.migrations.cancel(run);
  t.match(await endOf(hub, 'cancelled'), { said: [] });
});

t.test('who stops it is heard', async (t) => {
  const { hub, run, read } = await reading(t);
  t.equal(hub.hub.migrations.cancel(run), true);
  read();
  t.match(await endOf(hub, 'cancelled'), { said: [] });
});
