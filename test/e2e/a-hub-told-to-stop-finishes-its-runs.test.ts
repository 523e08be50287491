/** SIGTERM is a request, not an accident. */
import { join } from 'node:path';
import t from 'tap';
import { startEmbeddedBroker } from '../../hub/broker/index.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(120_000);

/** A run that is still under way when the signal comes, and over before the hub's patience is. */
const patient = (toml: string): string =>
  toml.replace(/^fuel = .*$/m, 'fuel = "1000G"').replace(/^deadline = .*$/m, 'deadline = "4 s"');

t.test('it finishes the runs it holds, prints the summary and ends with exit code 0', async (t) => {
  const dir = t.testdir({});
  await deployInto(join(dir, 'tasks'), ['test/fixtures/guests/echo']);
  await deployInto(join(dir, 'tasks'), ['guest-tasks/rogue/spin'], patient);
  const broker = await startEmbeddedBroker();
  t.teardown(() => broker.close());
  const folders = ['--tasks', join(dir, 'tasks'), '--data', join(dir, 'data')];
  const hub = await HubProcess.start(t, [...folders, '--broker', broker.url, '--threads', '2']);
  const device = await Device.connect(t, broker.url, ['out/+']);
  await device.publish('rogue/spin/poke', '');
  // Came in after the endless one, so that the hub has both.
  await device.publish('in/a', 'quick');
  await device.hears(1);

  t.equal(await hub.terminated(20_000), 0);
  t.equal(hub.stderr, '');
  t.match(hub.stdout, /^stopping: 1 runs are finished first$/m);
  const summary = hub.stdout.slice(hub.stdout.indexOf('stopping:'));
  t.match(summary, /^echo +1 +1 +1 +- /m);
  t.match(summary, /^spin +1 +1 +0 +1 deadline /m);
  t.match(summary, /'spin' was stopped once/);
});

t.test('a hub with nothing to finish ends at once', async (t) => {
  const dir = t.testdir({});
  await deployInto(join(dir, 'tasks'), ['test/fixtures/guests/echo']);
  const folders = ['--tasks', join(dir, 'tasks'), '--data', join(dir, 'data')];
  const hub = await HubProcess.start(t, [...folders, '--listen', '127.0.0.1:0']);
  t.equal(await hub.terminated(5_000), 0);
  t.match(hub.stdout, /0 messages came/);
});
