/** A hub starts on 100,000 events that an earlier one had acknowledged: it serves, within its memory, and counts each once. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { leaveBacklog } from './backlog.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(180_000);

const EVENTS = 100_000;
const DEVICES = 500;
/**
 * What one of them may take at the most: 1.2 kB as a run that waits, 0.6 kB as the lines that report it, should nobody
 * read them for a while, and as much again that is not yet collected.
 */
const BYTES_PER_EVENT = 8_192;

t.test(`a hub takes up ${EVENTS} events`, async (t) => {
  const dir = t.testdir({});
  // Fewer may wait than do: what was accepted is not refused, and what comes now stays with the broker for a while.
  const edit = (toml: string): string => toml.replace('queue = 100000', 'queue = 1000\noverflow = "reject"');
  await deployInto(join(dir, 'tasks'), ['test/fixtures/guests/counter'], edit);
  const emptyBytes = await finish(t, dir, 'empty', 0);
  // One to a row, as when they came one by one: the most work for whoever reads them.
  await leaveBacklog(join(dir, 'full'), { events: EVENTS, devices: DEVICES, task: 'counter', together: 1 });
  const fullBytes = await finish(t, dir, 'full', EVENTS / DEVICES);
  const each = (fullBytes - emptyBytes) / EVENTS;
  t.ok(each < BYTES_PER_EVENT, `${each.toFixed(0)} bytes of memory each, beyond ${emptyBytes} without them`);
});

/** Starts a hub on a data directory, waits until each device's next event was counted, and ends it. @returns the most memory it had. */
async function finish(t: Test, dir: string, data: string, before: number): Promise<number> {
  const folders = ['--tasks', join(dir, 'tasks'), '--data', join(dir, data)];
  const args = [...folders, '--listen', '127.0.0.1:0', '--api', 'off', '--threads', '1', '--report', 'json'];
  const hub = await HubProcess.start(t, args);
  const device = await Device.connect(t, hub.brokerUrl, ['count/+']);
  const expected = Array.from({ length: DEVICES }, (_, i) => `count/d${i} ${before + 1} next`);
  for (let i = 0; i < DEVICES; i++) await device.publish(`in/d${i}`, 'next');
  const next: string[] = [];
  let looked = 0;
  await device.hearsUntil('the next count of each device', 120_000, () => {
    for (const { topic, payload } of device.heard.slice(looked)) {
      const text = Buffer.from(payload).toString();
      if (text.endsWith(' next')) next.push(`${topic} ${text}`);
    }
    looked = device.heard.length;
    return next.length >= DEVICES;
  });
  t.strictSame(next.toSorted(), expected.toSorted(), 'each was counted once, and new ones after them');
  const bytes = hub.peakBytes;
  t.equal(await hub.terminated(30_000), 0);
  return bytes;
}
