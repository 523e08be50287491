/**
 * A program: what somebody would write with mqtt.js and no sandbox. It does the
 * work of the task in `test/fixtures/bench/tasks/relay`.
 */
import { Socket } from 'node:net';
import { connect } from 'mqtt';

const B = 17.62;
const C = 243.12;

interface Reading {
  readonly seq: number;
  readonly temperature: number;
  readonly humidity: number;
}

const client = connect(process.argv[2] ?? 'mqtt://127.0.0.1:1883');
client.on('connect', () => {
  // As the hub does it.
  if (client.stream instanceof Socket) client.stream.setNoDelay(true);
  client.subscribe('bare/+/+/in', { qos: 1 });
});
client.on('message', (topic, payload) => {
  const { seq, temperature, humidity } = JSON.parse(payload.toString()) as Reading;
  const gamma = Math.log(humidity / 100) + (B * temperature) / (C + temperature);
  const dewPoint = Math.round(((C * gamma) / (B - gamma)) * 100) / 100;
  const [root, qos, device] = topic.split('/');
  client.publish(`${root}/${qos}/${device}/out`, JSON.stringify({ seq, dewPoint }), { qos: qos === '1' ? 1 : 0 });
});
