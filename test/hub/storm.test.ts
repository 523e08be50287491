/**
 * A hub that stops at each moment of its work, with its process or with the
 * machine's power. `STERNA_STORMS` and `STERNA_STORM_SEED` ask for more random
 * storms, or for the same again.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Random } from '../runtime/provision/fuzz/random.js';
import { writeTasks } from './storm/counting-tasks.js';
import type { Disk, Loss } from './storm/disk.js';
import { FLAWS, type Flaw } from './storm/flaws.js';
import type { Sent } from './storm/model-broker.js';
import { weather, type Storm } from './storm/storm.js';

const STORMS = Number(process.env['STERNA_STORMS'] ?? 40);
const SEED = Number(process.env['STERNA_STORM_SEED'] ?? Date.now() % 1_000_000);

t.setTimeout(60_000 + STORMS * 2_000);

const SCRIPT: readonly Sent[] = ['a', 'b', 'a', 'a', 'b', 'a'].map((device, i) => ({
  topic: `in/${device}`,
  text: `event-${i}`,
}));

/** Makes storms over the script, each in a folder of its own. */
function storms(t: Test): (cuts: Storm['cuts'], more?: Partial<Storm>) => Storm {
  // In memory where that can be had: the model says what a disk has confirmed, and real syncs would only take time.
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'sterna-storm-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const tasks = join(directory, 'tasks');
  writeTasks(tasks);
  let count = 0;
  return (cuts, more = {}) => ({ directory: join(directory, `${count++}`), tasks, events: SCRIPT, cuts, ...more });
}

/** Stops at each moment in turn, until something is broken. */
async function everywhere(t: Test, loss: Loss, flaw?: Flaw): Promise<{ moments: number; broken: readonly string[] }> {
  const storm = storms(t);
  for (let at = 0; ; at++) {
    const { broken, stops } = await weather(storm([{ at, loss }], flaw === undefined ? {} : { flaw }));
    if (broken.length > 0) return { moments: at, broken: [`stopped ${stops.join()}, moment ${at}`, ...broken] };
    if (stops.length === 0) return { moments: at, broken };
  }
}

for (const loss of ['process', 'power'] as const) {
  t.test(`whenever the ${loss} ends, each event counts once and its effects are heard`, async (t) => {
    const { moments, broken } = await everywhere(t, loss);
    t.strictSame(broken, []);
    t.ok(moments > 80, `${moments} moments`);
  });
}

for (const [name, flaw] of Object.entries(FLAWS)) {
  t.test(`a hub that ${name} is found out`, async (t) => {
    const { broken } = await everywhere(t, flaw.shows, flaw);
    t.ok(broken.length > 0, broken.join('; '));
  });
}

t.test(`${STORMS} random storms lose and double nothing (seed ${SEED})`, async (t) => {
  const storm = storms(t);
  let [repeats, stops] = [0, 0];
  for (let seed = SEED; seed < SEED + STORMS; seed++) {
    const random = new Random(seed);
    const events = random.list(10 + random.below(30), (i) => ({ topic: `in/${random.below(3)}`, text: `event-${i}` }));
    const cuts = random.list(1 + random.below(6), () => ({
      at: random.below(events.length * 12),
      loss: random.pick<Loss>(['process', 'power']),
    }));
    const copies = 5 + random.below(40);
    const turned = (disk: Disk): void => {
      if (random.once(copies)) disk.copyLog();
    };
    const report = await weather(storm(cuts, { events, turned }));
    if (report.broken.length > 0) t.strictSame(report.broken, [], `seed ${seed}: ${report.stops.join(', ')}`);
    repeats += report.repeats;
    stops += report.stops.length;
  }
  t.ok(stops > STORMS, `${stops} lives were cut short, ${repeats} messages were published again`);
});
