/**
 * Tasks are deployed, replaced and removed in a running hub: each event at QoS 1 counts once, whichever version counts
 * it; and a hub that is killed while it is at it starts again with the old version or the new one.
 * `STERNA_DEPLOY_KILLS` and `STERNA_KILL_SEED` ask for more, or for the same again.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { mosquittoMissing, startMosquitto } from '../fixtures/mosquitto.js';
import { sternaToItsEnd, type Ended } from '../program-to-its-end.js';
import { until } from '../runtime/eventually.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(120_000);

const KILLS = Number(process.env['STERNA_DEPLOY_KILLS'] ?? 6);
const SEED = Number(process.env['STERNA_KILL_SEED'] ?? Date.now() % 1_000_000);
/** As long as a deploy takes, or a little more. */
const DEPLOYING_MS = 900;

/** Events that wait at most: enough that some do whenever a task changes. */
const AHEAD = 300;

function sternaOn(data: string): (...args: readonly string[]) => Promise<Ended> {
  return (...args) => sternaToItsEnd(...args, '--data', data);
}

/** Folders of the counter in these versions. */
async function versions(dir: string, numbers: readonly number[]): Promise<readonly string[]> {
  await deployInto(join(dir, 'from'), ['test/fixtures/guests/counter']);
  const folders = [];
  for (const number of numbers) {
    const folder = join(dir, `v${number}`);
    await cp(join(dir, 'from', 'counter'), folder, { recursive: true });
    const file = join(folder, 'task.toml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"1.0.0"', `"${number}.0.0"`));
    folders.push(folder);
  }
  return folders;
}

t.test(
  'a task is deployed, replaced under load and removed: no event is lost or counted twice',
  { skip: mosquittoMissing() },
  async (t) => {
    const dir = t.testdir({});
    const [first = '', second = ''] = await versions(dir, [1, 2]);
    const broker = await startMosquitto();
    t.teardown(() => broker.close());
    const data = join(dir, 'data');
    const sterna = sternaOn(data);
    const hub = await HubProcess.start(t, [
      '--data',
      data,
      '--broker',
      broker.url,
      '--api',
      '127.0.0.1:0',
      '--report',
      'json',
    ]);
    await until('its API answers', 20_000, () => /control API/.test(hub.stderr));
    t.match(await sterna('deploy', first), { code: 0, stdout: 'counter 1.0.0 is deployed\n', stderr: '' });

    const device = await Device.connect(t, broker.url, ['count/+']);
    let sent = 0;
    const enough = new AbortController();
    const load = (async () => {
      while (!enough.signal.aborted) {
        await Promise.all(Array.from({ length: 20 }, () => device.publish(`in/${sent % 4}`, String(sent++))));
        const most = sent - AHEAD;
        await device.hearsUntil(`more than ${most} counts`, 60_000, () => device.heard.length >= most);
      }
    })();
    for (const folder of [second, first, second]) {
      const before = sent;
      t.match(await sterna('deploy', folder), { code: 0, stdout: /is deployed in the place of .*, 0 were dropped\n$/ });
      await until('more is sent', 20_000, () => sent > before + 200);
    }
    enough.abort();
    await load;
    await device.hears(sent, 60_000);
    // Each device's count goes up by one with each of its events.
    const counts = new Map<string, number>();
    const seen = new Set<string>();
    for (const [topic, text] of device.texts) {
      const [count = '', event = ''] = text.split(' ');
      const next = (counts.get(topic) ?? 0) + 1;
      // A publish may come twice, as MQTT has it at QoS 1.
      if (Number(count) !== next && !seen.has(event)) t.fail(`${topic} has ${text} where ${next} would be next`);
      counts.set(topic, Number(count));
      seen.add(event);
    }
    t.equal(seen.size, sent);
    t.equal(
      [...counts.values()].reduce((sum, count) => sum + count, 0),
      sent,
    );
    t.match((await sterna('ls')).stdout, /^counter +2\.0\.0 /m);

    t.match(await sterna('rm', 'counter', '--state'), {
      code: 0,
      stdout: 'counter is removed: 0 waiting events were dropped, 4 keys were removed\n',
    });
    t.match(await sterna('rm', 'counter'), { code: 1, stderr: /^sterna: there is no task "counter": / });
    t.notMatch((await sterna('ls')).stdout, /counter/);
    t.equal(await hub.terminated(30_000), 0);
  },
);

t.test('what cannot be deployed is refused with all its problems', async (t) => {
  const dir = t.testdir({
    bad: { 'task.toml': 'name = "Bad"\n' },
    none: {},
    text: {
      'task.toml': 'name = "text"\nversion = "1.0.0"\ncomponent = "c.wasm"\n[[trigger]]\ntopic = "a"\n',
      'c.wasm': 'no component',
    },
  });
  const data = join(dir, 'data');
  const sterna = sternaOn(data);
  const hub = await HubProcess.start(t, ['--data', data, '--listen', '127.0.0.1:0', '--api', '127.0.0.1:0']);
  await until('its API is there', 20_000, () => /there is no task yet/.test(hub.stderr));
  const bad = await sterna('deploy', join(dir, 'bad'));
  t.equal(bad.code, 1);
  t.match(bad.stderr, /task\.toml:1: name: must be a name of small letters[^]*version: is missing/);
  t.match(await sterna('deploy', join(dir, 'none')), { code: 1, stderr: /has no tasks/ });
  t.match(await sterna('deploy', join(dir, 'text')), { code: 1, stderr: /^sterna: .*component/ });
  t.notMatch((await sterna('ls')).stdout, /text/);
  t.equal(await hub.terminated(30_000), 0);
});

t.test(`killed ${KILLS} times while it deploys, a hub has the old version or the new one (seed ${SEED})`, async (t) => {
  const random = randomFrom(SEED);
  const dir = await mkdtemp(join(tmpdir(), 'sterna-deploys-'));
  // Processes that prepared a component for a hub which was killed may write a moment longer.
  t.teardown(() => rm(dir, { recursive: true, maxRetries: 40, retryDelay: 250 }));
  const [first = '', second = ''] = await versions(dir, [1, 2]);
  const data = join(dir, 'data');
  const sterna = sternaOn(data);
  const args = [
    '--data',
    data,
    '--listen',
    '127.0.0.1:0',
    '--api',
    '127.0.0.1:0',
    '--threads',
    '1',
    '--report',
    'json',
  ];
  let hub = await HubProcess.start(t, args);
  t.match(await deployed(first), { code: 0 });
  let [version, next] = [1, second];
  for (let kill = 0; kill < KILLS; kill++) {
    const deploying = sterna('deploy', next);
    await new Promise((resolve) => setTimeout(resolve, random() * DEPLOYING_MS));
    await hub.killed();
    const { code } = await deploying;
    hub = await HubProcess.start(t, args);
    const now = Number(/"task":"counter","version":"(\d)/.exec(hub.stdout)?.[1]);
    t.ok(now === 1 || now === 2, `kill ${kill}: version ${now}, after a deploy that ended with ${code}`);
    if (code === 0) t.not(now, version, 'what was answered with success stays');
    version = now;
    next = version === 1 ? second : first;
  }

  async function deployed(folder: string): Promise<Ended> {
    await until('its API is there', 20_000, () => /there is no task yet/.test(hub.stderr));
    for (let attempt = 0; ; attempt++) {
      const said = await sterna('deploy', folder);
      if (said.code === 0 || attempt === 10) return said;
    }
  }
});

/** https://en.wikipedia.org/wiki/Xorshift */
function randomFrom(seed: number): () => number {
  let state = seed * 2_654_435_761 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
