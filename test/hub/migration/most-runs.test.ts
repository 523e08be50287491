/** How many runs may move at once, and how much of their way is kept. */
import t from 'tap';
import { MIGRATION_BOUNDS } from '../../../hub/migration/limits.js';
import { withNotes, type Note } from '../../../hub/migration/notes.js';
import { until } from '../../runtime/eventually.js';
import { countingHub } from './counting-hub.js';
import { PEER } from './peer-links.js';
import { Peer } from './peer.js';
import { executes } from './scene.js';

t.setTimeout(110_000);

const { runs: MOST, past: KEPT } = MIGRATION_BOUNDS;

t.test('so many runs may move at once, and of those that are over so many ways are told', async (t) => {
  const peer = Peer.stepping(t);
  const hub = await countingHub(t, { placement: peer.placement({ mode: 'synchronous', responsible: 'hub' }) });
  const { migrations, currentRuns } = hub.hub;
  // They stand at their points.
  peer.ignores = ({ message }) => message.type === 'held';
  let key = 0;
  const begun = async (): Promise<string> => {
    hub.send(`long/count/${key++}`, '1000000');
    const found = (): string | undefined => currentRuns.list().find(({ where }) => where === 'thread')?.runId;
    await until('it has a thread', 20_000, () => found() !== undefined);
    return found() ?? '';
  };
  const away = async (): Promise<string> => {
    const run = await begun();
    t.same(await migrations.migrate(run, PEER, 'by hand'), { ok: true });
    await executes(hub, run, 'provider');
    return run;
  };
  const cancelled = async (run: string): Promise<void> => {
    currentRuns.cancel(run);
    await until('it is over', 20_000, () => migrations.jobs.every(({ value }) => value.runId !== run));
  };
  const moved: string[] = [];
  while (moved.length < MOST) moved.push(await away());
  const next = await begun();
  const reason = `at most ${MOST} runs may move at once`;
  t.same(await migrations.migrate(next, PEER, 'by hand'), { ok: false, reason });
  const [first = ''] = moved;
  await cancelled(first);
  t.same(await migrations.migrate(next, PEER, 'by hand'), { ok: true }, 'there is room again');
  await executes(hub, next, 'provider');
  moved.push(next);
  for (let over = 1; over < KEPT; over++) {
    await cancelled(moved[over] ?? '');
    moved.push(await away());
  }
  t.match(migrations.of(first), { runId: first });
  await cancelled(moved[KEPT] ?? '');
  t.equal(migrations.of(first), undefined);
  t.match(migrations.of(moved[1] ?? ''), { runId: moved[1] });
  for (const run of moved.slice(KEPT)) await cancelled(run);
});

t.test('of a way so many of the last notes are kept', (t) => {
  const note = (point: number): Note => ({ atMs: point, what: 'asked', epoch: 0, point, why: 'a test' });
  let notes: readonly Note[] = [];
  for (let point = 0; point < MIGRATION_BOUNDS.notes + 3; point++) notes = withNotes(notes, [note(point)]);
  t.equal(notes.length, MIGRATION_BOUNDS.notes);
  t.strictSame([notes[0], notes.at(-1)], [note(3), note(MIGRATION_BOUNDS.notes + 2)]);
  t.end();
});
