/** A provider that is killed, or whose power is cut, at each step in the folder of a run that moves there and home. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { Terms } from '../../../provider/protocol/migration/index.js';
import { countingHub } from '../../hub/migration/counting-hub.js';
import { ProviderPeer } from '../../hub/migration/provider-peer.js';
import { published } from '../../hub/migration/stepping-runtime.js';
import { Way } from '../../hub/migration/way.js';
import { wentBack } from '../../hub/migration/went-back.js';
import type { RealHub } from '../../hub/parking/real-hub.js';
import { FaultPoints } from '../../hub/storm/fault-points.js';
import { ModelFolder, type FolderLoss } from './model-folder.js';

t.setTimeout(170_000);

/** A run that is not over then does not come to its end. */
const MOST_MS = 60_000;

interface Scene {
  readonly hub: RealHub;
  readonly peer: ProviderPeer;
  readonly directory: string;
  readonly begun: string[];
  count: number;
}

async function scene(t: Test, terms: Partial<Terms>): Promise<Scene> {
  // In memory where that can be had: the model says what a disk has confirmed, and real syncs would only take time.
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'sterna-provider-'));
  const peer = new ProviderPeer();
  const begun: string[] = [];
  const begins = (runId: string): void => void begun.push(runId);
  const hub = await countingHub(t, { dir: join(directory, 'hub'), placement: peer.placement(terms), begins });
  t.teardown(async () => {
    await hub.hub.close();
    rmSync(directory, { recursive: true });
  });
  return { hub, peer, directory, begun, count: 0 };
}

interface Weather {
  readonly stopped: string | undefined;
  readonly moments: number;
  readonly wrong: readonly string[];
}

/** A provider that is stopped, and another that goes on with what it has left: the hub is there all the time. */
async function weather(of: Scene, at: number, loss: FolderLoss): Promise<Weather> {
  const { hub, peer, begun, directory } = of;
  const number = ++of.count;
  const [first, second] = [join(directory, `${number}`), join(directory, `${number}-left`)];
  const ended: Promise<unknown>[] = [];
  const faults = new FaultPoints(at, () => {
    folder.leave(second, loss);
    ended.push(peer.gone());
  });
  mkdirSync(first);
  const folder = new ModelFolder(first, faults);
  folder.install();
  const way = new Way();
  const [task] = hub.hub.tasks;
  if (task === undefined) throw new Error('there is no task');
  const [saidBefore, begunBefore] = [peer.said.length, begun.length];
  await peer.start(join(first, 'migrations'));
  if (faults.stoppedAt === undefined) peer.link(task);
  hub.send('long/count/a', '');
  const wrong: string[] = [];
  let isSecond = false;
  const isOver = (): boolean => {
    const dir = join(isSecond ? second : first, 'migrations');
    return hub.hub.runs === 0 && hub.link.published.length >= number && filesIn(dir).length === 0;
  };
  for (const untilMs = performance.now() + MOST_MS; !isOver() && wrong.length === 0;) {
    if (performance.now() > untilMs) wrong.push('it does not come to its end, or something is left of it');
    await turn();
    way.look(hub.hub);
    if (faults.stoppedAt === undefined || isSecond) continue;
    isSecond = true;
    folder.remove();
    await peer.start(join(second, 'migrations'));
    peer.link(task);
  }
  folder.remove();
  await Promise.all([...ended, peer.gone()]);
  for (const dir of [first, second]) rmSync(dir, { recursive: true, force: true });
  if (begun.length > begunBefore + 1) wrong.push('it began anew');
  const texts = hub.link.published.slice(number - 1).map(({ payload }) => Buffer.from(payload).toString());
  if (texts.join() !== published(number)) wrong.push(`heard was ${texts.join()}: it should be ${published(number)}`);
  wrong.push(...wentBack(peer.said.slice(saidBefore)), ...peer.refused);
  return { stopped: faults.stoppedAt, moments: faults.passed, wrong };
}

function filesIn(dir: string): readonly string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, withFileTypes: true }).flatMap((one) => (one.isFile() ? one.name : []));
}

const LOSSES = ['process', 'power', 'power, late'] as const;

const WAYS = [
  { mode: 'synchronous', responsible: 'hub' },
  { mode: 'asynchronous', responsible: 'provider' },
] as const;

for (const terms of WAYS) {
  for (const loss of LOSSES) {
    t.test(
      `whenever a provider ends (${loss}), a run that moves ${terms.mode} goes on from what it has said`,
      async (t) => {
        const of = await scene(t, terms);
        const { moments, wrong } = await weather(of, Infinity, loss);
        t.strictSame(wrong, [], 'without being stopped');
        // What was not waited for has a quarter of the moments. Of the others, most are like those beside them.
        const every = terms.mode === 'asynchronous' ? 1 : LOSSES.length + 1;
        for (let at = LOSSES.indexOf(loss) % every; at < moments; at += every) {
          const { stopped, wrong } = await weather(of, at, loss);
          if (wrong.length > 0) return t.strictSame(wrong, [], `stopped ${stopped}, moment ${at}`);
        }
        return t.ok(moments > 60, `${moments} moments`);
      },
    );
  }
}
