/** Runs that a person has stand still, go on, or end. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkpointRunCommand } from '../../../hub/commands/checkpoint.js';
import { decodeCheckpoint, packCheckpoint } from '../../../runtime/index.js';
import { until } from '../../runtime/eventually.js';
import { longToml, probeToml, realHub, type RealHub } from './real-hub.js';

t.setTimeout(170_000);

/** Turns of the loop: a second of work on a machine that has nothing else to do. */
const LONG = 500_000_000;
/** More than any test waits for. */
const FOREVER = '90000000000';

async function executing(hub: RealHub): Promise<string> {
  await until('it executes', 20_000, () => hub.hub.currentRuns.list()[0]?.where === 'thread');
  return hub.runOf('long');
}

interface Asked<Answer> {
  readonly run: string;
  /** What it publishes. */
  readonly turns: string;
  readonly answer: Answer;
}

/** Asks something of a run that executes. One that was over before is followed by one that takes longer. */
async function asked<Answer>(hub: RealHub, ask: (run: string) => Promise<Answer | undefined>): Promise<Asked<Answer>> {
  for (let turns = LONG; ; turns *= 4) {
    hub.send('long/turn/a', String(turns));
    const run = await executing(hub);
    const answer = await ask(run);
    if (answer !== undefined) return { run, turns: String(turns), answer };
    await until('it is over', 20_000, () => hub.hub.currentRuns.list().every(({ runId }) => runId !== run));
  }
}

t.test(
  'a run that is parked by hand leaves its thread, keeps its key, and completes when it is let go on',
  async (t) => {
    const one = await realHub(t, { tasks: { long: longToml('long') } });
    const { currentRuns } = one.hub;
    const parks = async (id: string): Promise<true | undefined> => ((await currentRuns.park(id)).ok ? true : undefined);
    const { run, turns } = await asked(one, parks);
    const before = one.link.published.length;
    one.send('long/turn/a', '10');
    t.match(currentRuns.list(), [{ runId: run, where: 'memory', reason: 'by-hand', resumable: true }]);
    one.send('long/turn/b', '11');
    await until('one of another key is over', 20_000, () => one.link.published.length > before);
    t.same(currentRuns.resume(run), { ok: true });
    await until('all are over', 90_000, () => one.link.published.length === before + 3);
    t.strictSame(
      one.link.published.slice(before).map(({ payload }) => Buffer.from(payload).toString()),
      ['11', turns, '10'],
      'the next of its key has waited',
    );
  },
);

t.test('a run that is cancelled has no effect, whether it executes or stands still', async (t) => {
  const one = await realHub(t, { tasks: { long: longToml('long') } });
  const { currentRuns } = one.hub;
  for (const parks of [true, false]) {
    one.send('long/turn/a', FOREVER);
    const run = await executing(one);
    if (parks) t.same(await currentRuns.park(run), { ok: true });
    t.same(currentRuns.cancel(run), { ok: true });
    await until('nothing goes on', 20_000, () => currentRuns.list().length === 0);
  }
  t.equal(one.told().filter((told) => told === 'long cancelled').length, 2);
  one.send('long/turn/a', '10');
  await until('the next of the key is heard', 20_000, () => one.link.published.length > 0);
  t.strictSame(
    one.link.published.map(({ payload }) => Buffer.from(payload).toString()),
    ['10'],
  );
});

t.test('a saved checkpoint goes on elsewhere to what the run itself comes to', async (t) => {
  const one = await realHub(t, { tasks: { long: longToml('long') } });
  const { currentRuns } = one.hub;
  const saves = async (id: string): Promise<Uint8Array | undefined> => {
    const saved = await currentRuns.checkpoint(id);
    return saved instanceof Uint8Array ? saved : undefined;
  };
  const { run, turns, answer: checkpoint } = await asked(one, saves);
  t.ok(decodeCheckpoint(checkpoint).used.fuel > 0);
  await until('it is over', 90_000, () => currentRuns.list().length === 0);
  const finished = one.seen.find((seen) => seen.kind === 'run-finished' && seen.runId === run);
  const fuel = finished?.kind === 'run-finished' ? finished.usage.fuel : 0;
  const file = join(one.dir, 'saved');
  writeFileSync(file, packCheckpoint(checkpoint));
  const component = join(one.dir, 'tasks', 'long', 'probe.wasm');
  let printed = '';
  const out = { write: (text: string) => (printed += text) };
  t.equal(await checkpointRunCommand(file, { component, json: true, most: 2 ** 28 }, out), 0);
  const effects = [{ kind: 'publish', topic: 'out/said', payload: turns }];
  t.match(JSON.parse(printed), { outcome: { kind: 'completed' }, effects, fuel });
});

t.test('what cannot be done is refused with the reason', async (t) => {
  const one = await realHub(t, { tasks: { plain: probeToml('plain', '') } });
  const { currentRuns } = one.hub;
  one.send('plain/turn/a', FOREVER);
  await until('it executes', 20_000, () => currentRuns.list().length === 1);
  t.match(await currentRuns.park(one.runOf('plain')), { ok: false, reason: /"plain" is not resumable/ });
  t.match(await currentRuns.park('e0/plain'), { ok: false, reason: /there is no run "e0\/plain"/ });
  t.match(currentRuns.resume(one.runOf('plain')), { ok: false });
  t.match(currentRuns.cancel('e0/plain'), { ok: false });
  t.match(currentRuns.cancel(one.runOf('plain')), { ok: true });
  await one.tells('plain cancelled');
});
