/**
 * A program: what somebody would write with mqtt.js and no sandbox. It does the
 * work of the task in `test/fixtures/bench/tasks/relay`.
 */
import { Socket } from 'node:net';
import { connect } from 'mqtt';
import { dewPointOf } from './dew-point.js';

const client = connect(process.argv[2] ?? 'mqtt://127.0.0.1:1883');
client.on('connect', () => {
  // As the hub does it.
  if (client.stream instanceof Socket) client.stream.setNoDelay(true);
  client.subscribe('bare/+/+/in', { qos: 1 });
});
client.on('message', (topic, payload) => {
  const [root, qos, device] = topic.split('/');
  client.publish(`${root}/${qos}/${device}/out`, dewPointOf(payload), { qos: qos === '1' ? 1 : 0 });
});
