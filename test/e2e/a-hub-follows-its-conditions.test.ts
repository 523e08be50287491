/** What the hub is told that it is under, by its own binary. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { sterna } from '../provider/provider-process.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(120_000);

const MAIN = fileURLToPath(new URL('../../hub/main.js', import.meta.url));

interface Answer {
  readonly conditions: { readonly onBattery: boolean; readonly metered: boolean };
  readonly tasks: readonly { readonly reason: string }[];
}

t.test('sterna conditions changes what a hub places runs by, and says what that comes to', async (t) => {
  const dir = t.testdir({});
  await deployInto(join(dir, 'tasks'), ['test/fixtures/guests/echo']);
  writeFileSync(join(dir, 'app.toml'), 'name = "house"\n[preferences]\nbattery = 4\n');
  const [tasks, data] = [join(dir, 'tasks'), join(dir, 'data')];
  const args = ['--tasks', tasks, '--data', data, '--listen', '127.0.0.1:0', '--api', '127.0.0.1:0'];
  const hub = await HubProcess.start(t, [...args, '--app', join(dir, 'app.toml'), '--report', 'json']);
  const told = async (...flags: readonly string[]): Promise<Answer> =>
    JSON.parse(await sterna('conditions', '--data', data, '--json', ...flags)) as Answer;
  const metered = await told('--metered', 'on');
  t.strictSame(metered.conditions, { onBattery: false, metered: true });
  t.match(metered.tasks[0]?.reason, 'It stays here, as the network is metered, and the application avoids that.');
  const battery = await told('--metered', 'off', '--battery', 'on');
  t.strictSame(battery.conditions, { onBattery: true, metered: false });
  t.match(battery.tasks[0]?.reason, /on battery, work here counts 4 times/);
  t.strictSame((await told('--battery', 'off')).conditions, { onBattery: false, metered: false });
  t.strictSame((await told()).conditions, { onBattery: false, metered: false }, 'nothing is changed by asking');
  const said = await sterna('conditions', '--data', data, '--hot', 'on');
  t.match(said, /^battery off, metered off, hot on\n\ntask +placement +why\n/);
  const plan = (...flags: readonly string[]): Promise<string> =>
    sterna('app', 'plan', join(dir, 'app.toml'), '--tasks', tasks, ...flags);
  t.match(await plan('--battery'), /echo \(auto\): .* on battery, work here counts 4 times/);
  t.equal(await hub.terminated(30_000), 0);
});

t.test('a hub without an application has no conditions', async (t) => {
  const dir = t.testdir({});
  await deployInto(join(dir, 'tasks'), ['test/fixtures/guests/echo']);
  const args = ['--tasks', join(dir, 'tasks'), '--data', dir, '--listen', '127.0.0.1:0', '--api', '127.0.0.1:0'];
  await HubProcess.start(t, [...args, '--report', 'json']);
  const said = await new Promise<string>((resolve) => {
    execFile(process.execPath, [MAIN, 'conditions', '--data', dir, '--battery', 'on'], (_error, _out, err) =>
      resolve(err),
    );
  });
  t.match(said, /was started without --app: all runs execute here/);
  t.match(await sterna('conditions', '--data', dir), 'this hub was started without --app: all runs execute here');
  t.match(await sterna('providers', '--data', dir), 'this hub was started without --app: all runs execute here');
});
