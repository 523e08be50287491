/** When a run that stands still for others is written to disk: at its interval, and whenever it is to stand still for long. */
import t from 'tap';
import { until } from '../../runtime/eventually.js';
import { longToml, probeToml, realHub, type RealHub } from './real-hub.js';

t.setTimeout(120_000);

/** More turns of the loop than any test waits for. */
const FOREVER = '90000000000';
const LOW = '[schedule]\npriority = 1\n';
const EVERY_FUEL = 500_000_000;

const tasks = {
  long: longToml('long', LOW, 'every = "1 h"\n'),
  often: longToml('often', LOW, `every = "1 h"\nfuel = "${EVERY_FUEL / 1e9}G"\n`),
  urgent: probeToml('urgent', '[schedule]\npriority = 9\n'),
};
const hub = await realHub(t, { tasks });

async function executing(name: string): Promise<void> {
  const where = (): string | undefined => hub.hub.currentRuns.list().find(({ task }) => task === name)?.where;
  await until(`"${name}" executes`, 20_000, () => where() === 'thread');
}

/** The fuel of each of those that were told of a task. */
function fuelOf({ seen }: RealHub, name: string, kind: 'run-parked' | 'run-resumed' | 'run-checkpointed'): number[] {
  return seen.flatMap((one) => (one.kind === kind && one.task === name ? [one.fuel] : []));
}

async function cancelled({ hub }: RealHub): Promise<void> {
  for (const { runId } of hub.currentRuns.list()) hub.currentRuns.cancel(runId);
  await until('nothing goes on', 20_000, () => hub.currentRuns.list().length === 0);
}

t.test('a run that leaves for urgent events is written at its interval, and not each time', async (t) => {
  hub.send('often/turn/a', FOREVER);
  for (let events = 1; fuelOf(hub, 'often', 'run-checkpointed').length < 3; events++) {
    await executing('often');
    hub.send('urgent/turn/a', '10');
    const over = (): number => hub.told().filter((told) => told === 'urgent completed').length;
    await until('the urgent one is over', 20_000, () => over() === events);
  }
  const [parked, points] = [fuelOf(hub, 'often', 'run-parked'), fuelOf(hub, 'often', 'run-checkpointed')];
  t.ok(parked.length > points.length, `parked ${parked.length} times, written ${points.length} times`);
  for (const [i, fuel] of points.entries()) {
    const since = fuel - (points[i - 1] ?? 0);
    t.ok(since >= EVERY_FUEL, `point ${i} after ${since}`);
  }
  await cancelled(hub);
});

/** A run that has left its thread for a more urgent one, and is in memory only. */
async function standsStill(): Promise<void> {
  const parked = fuelOf(hub, 'long', 'run-parked').length;
  hub.send('long/turn/a', FOREVER);
  await executing('long');
  hub.send('urgent/turn/a', FOREVER);
  await until('it stands still', 20_000, () => fuelOf(hub, 'long', 'run-parked').length > parked);
}

t.test('a run that stands still for others is written when it is parked by hand', async (t) => {
  await standsStill();
  t.strictSame(fuelOf(hub, 'long', 'run-checkpointed'), []);
  t.same(await hub.hub.currentRuns.park(hub.runOf('long')), { ok: true });
  await hub.tells('long checkpointed');
  t.strictSame(fuelOf(hub, 'long', 'run-checkpointed'), fuelOf(hub, 'long', 'run-parked'));
  await cancelled(hub);
});

t.test('a hub that is told to stop keeps it where it stands, not where it last was written', async (t) => {
  await standsStill();
  t.equal(fuelOf(hub, 'long', 'run-checkpointed').length, 1);
  await hub.hub.close();
  const next = await realHub(t, { tasks: {}, dir: hub.dir, threads: 2 });
  await next.tells('long resumed from an earlier hub');
  t.equal(fuelOf(next, 'long', 'run-resumed')[0], fuelOf(hub, 'long', 'run-parked').at(-1));
  await cancelled(next);
});
