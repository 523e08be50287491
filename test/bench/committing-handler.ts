/**
 * A program: the bare handler with a transaction of its own for each event, on
 * disk before it is answered. What somebody would write who wants to lose
 * nothing and groups nothing.
 */
import { Socket } from 'node:net';
import { connect } from 'mqtt';
import { Connection } from '../../hub/store/sqlite.js';
import { dewPointOf } from './dew-point.js';

const [, , url = 'mqtt://127.0.0.1:1883', file = ':memory:'] = process.argv;

const database = new Connection(file, { readOnly: false });
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE events (topic TEXT, payload BLOB)');
const insert = database.prepare('INSERT INTO events VALUES (?, ?)');

const client = connect(url);
client.on('connect', () => {
  if (client.stream instanceof Socket) client.stream.setNoDelay(true);
  client.subscribe('committing/+/+/in', { qos: 1 });
});
client.on('message', (topic, payload) => {
  insert.run(topic, payload);
  const [root, qos, device] = topic.split('/');
  client.publish(`${root}/${qos}/${device}/out`, dewPointOf(payload), { qos: qos === '1' ? 1 : 0 });
});
process.once('SIGTERM', () => {
  client.end(true);
  // What nobody refers to any more is collected, with its statements.
  database.close();
});
