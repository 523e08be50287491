/** A hub whose data folder is of an earlier time, as a backup was restored, while a run of it is at a provider. */
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { until } from '../../runtime/eventually.js';
import { realHub, type RealHub } from '../parking/real-hub.js';
import { PEER } from './peer-links.js';
import { endOf, executes, scene, type Scene } from './scene.js';

t.setTimeout(240_000);

const TURNS = '800000000';
const TERMS = { pointMs: 100, mode: 'synchronous', responsible: 'hub', reclaimMs: 600_000 } as const;

/** What is in the data folder at this moment: the backup, and the checkpoints. @returns what puts it back. */
async function copied({ hub }: Scene): Promise<() => void> {
  const backup = await hub.hub.backups.take();
  if (backup === undefined) throw new Error('there is no backup');
  const copy = await buffer(backup.content);
  const data = join(hub.dir, 'data');
  cpSync(join(data, 'checkpoints'), join(hub.dir, 'copy'), { recursive: true });
  return () => {
    for (const name of ['state.db', 'state.db-wal', 'state.db-shm', 'checkpoints']) {
      rmSync(join(data, name), { recursive: true, force: true });
    }
    writeFileSync(join(data, 'state.db'), copy);
    cpSync(join(hub.dir, 'copy'), join(data, 'checkpoints'), { recursive: true });
  };
}

/** It comes to some points there, which the hub says to hold; then the folder is put back. */
async function setBack(t: Test, all: Scene, putBack: () => void): Promise<RealHub> {
  const { hub, peer, run } = all;
  const point = hub.hub.migrations.of(run)?.point ?? 0;
  await until('it has come further', 60_000, () => (hub.hub.migrations.of(run)?.point ?? 0) > point + 2);
  await hub.hub.close();
  putBack();
  peer.heard.length = 0;
  return realHub(t, { tasks: {}, dir: hub.dir, placement: peer.placement(TERMS) });
}

async function goesOnHere(t: Test, next: RealHub, { run, peer }: Scene): Promise<void> {
  const notes = () => next.hub.migrations.of(run)?.notes.filter(({ why }) => /of an earlier time/.test(why)) ?? [];
  await until('it is taken back', 30_000, () => notes().length > 0);
  t.match((await endOf(next)).said, [/^\S/], 'its effects are there once');
  t.match(notes(), [{ what: 'here' }], 'and it says why, once');
  t.ok(peer.heard.length < 200, `${peer.heard.length} messages`);
}

t.test('a run of which the hub has an earlier point is taken back, and goes on from that', async (t) => {
  const all = await scene(t, TERMS, TURNS);
  const { hub, run } = all;
  t.same(await hub.hub.migrations.migrate(run, PEER, 'by hand'), { ok: true });
  await executes(hub, run, 'provider');
  const putBack = await copied(all);
  await goesOnHere(t, await setBack(t, all, putBack), all);
});
