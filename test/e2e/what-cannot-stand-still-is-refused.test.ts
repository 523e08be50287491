/** A task that asks to be resumable and cannot be is refused, with the reason, wherever it comes from. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { sternaToItsEnd, type Ended } from '../program-to-its-end.js';
import { until } from '../runtime/eventually.js';
import { taskComponent } from '../runtime/wat-component.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(120_000);

const dir = t.testdir({ tasks: { drops: {} } });
const data = join(dir, 'data');
mkdirSync(data);
const drops = join(dir, 'tasks', 'drops');
const plain = `name = "drops"
version = "1.0.0"
component = "drops.wasm"
[[trigger]]
topic = "in"
`;
const RESUMABLE = plain.replace('component', 'resumable = true\ncomponent');
const WHY = /drops segments.*references in locals/s;
writeFileSync(join(drops, 'task.toml'), RESUMABLE);
const parts = { fields: '(data $d "x") (func (data.drop $d)) (func (local externref))' };
writeFileSync(join(drops, 'drops.wasm'), await taskComponent(parts));

function sterna(...args: readonly string[]): Promise<Ended> {
  return sternaToItsEnd(...args, '--data', data);
}

void t.test('inspect says it of a folder, without a hub', async (t) => {
  const { code, stdout } = await sterna('inspect', drops);
  t.equal(code, 1, 'as a hub would refuse it');
  const said = JSON.parse(stdout) as object;
  t.match(said, { task: 'drops', resumability: { declared: true, could: { resumable: false } } });
  t.match(stdout, WHY);
});

void t.test('and what it costs in size, of one that can be', async (t) => {
  await deployInto(dir, ['guest-tasks/thermostat']);
  const { code, stdout, stderr } = await sterna('inspect', join(dir, 'thermostat'), '--json');
  t.equal(code, 0, stderr);
  const { resumability } = JSON.parse(stdout) as {
    resumability: { declared: boolean; could: { resumable: boolean; sizeBytes: number; plainBytes: number } };
  };
  t.match(resumability, { declared: false, could: { resumable: true } });
  t.ok(resumability.could.sizeBytes > resumability.could.plainBytes);
});

void t.test(
  'a hub refuses it when it starts, and when it is deployed; one that does not ask is deployed',
  async (t) => {
    const folders = ['--tasks', join(dir, 'tasks'), '--data', data];
    const hub = await HubProcess.start(t, [
      ...folders,
      '--listen',
      '127.0.0.1:0',
      '--report',
      'json',
      '--threads',
      '1',
    ]);
    const refused = hub.stdout.split('\n').find((line) => line.startsWith('{"kind":"task-refused"')) ?? '';
    t.match(refused, WHY);
    await until('its API is there', 10_000, () => existsSync(join(data, 'api.json')));
    const deployed = await sterna('deploy', drops);
    t.equal(deployed.code, 1);
    t.match(deployed.stderr, WHY);
    writeFileSync(join(drops, 'task.toml'), plain);
    t.match(await sterna('deploy', drops), { code: 0, stdout: 'drops 1.0.0 is deployed\n' });
    const { stdout } = await sterna('inspect', 'drops', '--json');
    t.match(JSON.parse(stdout), { resumability: { declared: false, could: { resumable: false } } });
  },
);
