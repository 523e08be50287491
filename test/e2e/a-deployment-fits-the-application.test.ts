/** What is deployed to a running hub is what it could start with. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { sterna } from '../provider/provider-process.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(120_000);

const ECHO = 'test/fixtures/guests/echo';

t.test(
  'a task that contradicts the application is refused when it is deployed, and the hub starts again',
  async (t) => {
    const dir = t.testdir({});
    const [tasks, data, file] = [join(dir, 'tasks'), join(dir, 'data'), join(dir, 'app.toml')];
    await deployInto(tasks, [ECHO]);
    const edited = (name: string, from: string, to: string): Promise<void> =>
      deployInto(join(dir, name), [ECHO], (toml) => toml.replace(from, to));
    await edited('wrong', '"out/+", "out/"', '"elsewhere/+"');
    await edited('right', 'version = "1.0.0"', 'version = "1.1.0"');
    writeFileSync(file, 'name = "house"\n[[edges]]\nfrom = "echo"\ntopic = "out/a"\nto = "later"\n');
    const places = ['--tasks', tasks, '--data', data, '--listen', '127.0.0.1:0', '--api', '127.0.0.1:0'];
    const args = [...places, '--app', file, '--report', 'json'];
    const hub = await HubProcess.start(t, args);
    const deploy = (name: string): Promise<string> => sterna('deploy', join(dir, name, 'echo'), '--data', data);
    await t.rejects(deploy('wrong'), {
      message: /it contradicts the application house: edges\[1\]\.topic: echo is not granted to publish to out\/a/,
    });
    t.match(await sterna('ls', '--data', data), /echo +1\.0\.0/, 'nothing has changed');
    await t.resolves(deploy('right'), 'a task that is only absent keeps no other from being deployed');
    t.equal(await hub.terminated(30_000), 0);
    await HubProcess.start(t, args);
    t.match(await sterna('ls', '--data', data), /echo +1\.1\.0/);
  },
);
