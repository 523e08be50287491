/** A hub starts without its broker: it can be asked, its timers fire, and what they lead to is heard when the broker is there. */
import { join } from 'node:path';
import t from 'tap';
import { mosquittoMissing, startMosquitto } from '../fixtures/mosquitto.js';
import { sternaToItsEnd } from '../program-to-its-end.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';
import { Witness } from './witness.js';

t.setTimeout(120_000);

const eachSecond = (toml: string): string => `${toml}\n[[trigger]]\nevery = "1 s"\n`;

t.test('a broker comes after its hub', { skip: mosquittoMissing() }, async (t) => {
  const dir = t.testdir({});
  await deployInto(join(dir, 'tasks'), ['test/fixtures/guests/counter'], eachSecond);
  const data = join(dir, 'data');
  const broker = await startMosquitto();
  t.teardown(() => broker.close());
  const witness = await Witness.connect(t, broker.url, 'count/#');
  await broker.stop();

  const hub = await HubProcess.start(t, ['--tasks', join(dir, 'tasks'), '--data', data, '--broker', broker.url]);
  t.match(hub.stdout, /^ready: .*the broker .*not there yet/m);
  const listed = await sternaToItsEnd('ls', '--data', data);
  t.match(listed.stdout, /^counter +/m, 'it can be asked');
  await deployInto(join(dir, 'more'), ['guest-tasks/thermostat']);
  const deployed = await sternaToItsEnd('deploy', join(dir, 'more', 'thermostat'), '--data', data);
  t.equal(deployed.code, 0, deployed.stderr);
  await broker.start();
  const device = await Device.connect(t, broker.url, ['zigbee2mqtt/bath/radiator/set']);
  await witness.hears(3, 60_000);
  t.strictSame(
    [...witness.effects.values()].slice(0, 3).map(({ text }) => Number(text.split(' ')[0])),
    [1, 2, 3],
    'timers fired without it',
  );
  await device.publish('zigbee2mqtt/bath/climate', '{"temperature":17}');
  await device.hearsUntil('what was deployed without it', 20_000, () => device.texts.length > 0);
  t.equal(await hub.terminated(20_000), 0);
});

t.test('a hub that waits for its broker ends when it is told to', async (t) => {
  const dir = t.testdir({});
  await deployInto(join(dir, 'tasks'), ['test/fixtures/guests/counter']);
  const nobody = ['--broker', 'mqtt://127.0.0.1:9', '--data', join(dir, 'data')];
  const hub = await HubProcess.start(t, ['--tasks', join(dir, 'tasks'), ...nobody]);
  t.equal(await hub.terminated(20_000), 0);
});

t.test('a broker that comes late and turns the hub away ends it', { skip: mosquittoMissing() }, async (t) => {
  const dir = t.testdir({});
  await deployInto(join(dir, 'tasks'), ['test/fixtures/guests/counter']);
  const broker = await startMosquitto(['allow_anonymous false']);
  t.teardown(() => broker.close());
  await broker.stop();
  const where = ['--data', join(dir, 'data'), '--broker', broker.url];
  const hub = await HubProcess.start(t, ['--tasks', join(dir, 'tasks'), ...where]);
  await broker.start();
  t.equal(await hub.ended(30_000), 1);
  t.match(hub.stderr, /the broker does not take this hub/);
});
