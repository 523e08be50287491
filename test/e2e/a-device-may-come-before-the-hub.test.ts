/** The hub's own broker acknowledges nothing before there is a hub to take it. */
import { join } from 'node:path';
import t from 'tap';
import { connectBroker } from '../../hub/broker/index.js';
import { freePort } from '../fixtures/free-port.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(180_000);

t.test('an event that was acknowledged while the hub prepared its tasks has its run', async (t) => {
  const dir = t.testdir({});
  await deployInto(join(dir, 'tasks'), ['guest-tasks/thermostat']);
  const port = await freePort();
  const where = ['--tasks', join(dir, 'tasks'), '--data', join(dir, 'data'), '--listen', `127.0.0.1:${port}`];
  const hub = HubProcess.launch(t, [...where, '--api', 'off', '--report', 'json']);
  // Its broker listens long before the hub has prepared a task that it has never seen.
  const device = await connectBroker(
    {
      url: `mqtt://127.0.0.1:${port}`,
      clientId: 'early',
      persistent: false,
      protocolVersion: 4,
      firstConnectMs: 90_000,
    },
    () => undefined,
  );
  t.teardown(() => device.close());
  const payload = Buffer.from('{"temperature":17}');
  await device.publish({ topic: 'zigbee2mqtt/bath/climate', payload, qos: 1, retain: false });
  await hub.says(/"kind":"run-finished","runId":"[^"]+\/thermostat"/, 60_000);
  t.match(hub.stdout, /"topic":"zigbee2mqtt\/bath\/climate"/);
});
