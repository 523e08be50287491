/** A client that shares no code with the hub's: it reads what is on the wire, byte by byte. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Test } from 'tap';
import { PacketReader } from '../../bench/mqtt-packets.js';

export interface RawMessage {
  readonly topic: string;
  readonly payload: string;
  /** User properties, in their order; undefined in MQTT 3.1.1, which has none. */
  readonly properties: readonly (readonly [string, string])[] | undefined;
}

const SUBACK = 0x90;
const USER_PROPERTY = 0x26;

/** Subscribes at QoS 0 to everything. It is closed when the test ends. */
export async function rawSubscriber(t: Test, port: number, version: 4 | 5): Promise<RawMessage[]> {
  const messages: RawMessage[] = [];
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  // CONNECT: "MQTT", the version, clean start, no keep-alive, no properties, client id "raw".
  const noProperties = version === 5 ? [0] : [];
  const connectBody = [0, 4, ...Buffer.from('MQTT'), version, 2, 0, 0, ...noProperties, 0, 3, ...Buffer.from('raw')];
  const subscribeBody = [0, 1, ...noProperties, 0, 1, ...Buffer.from('#'), 0];
  const subscribed = new Promise<void>((resolve) => {
    const reader = new PacketReader();
    socket.on('data', (chunk: Buffer) =>
      reader.read(chunk, (first, body) => {
        if (first === SUBACK) resolve();
        if (first >>> 4 === 3) messages.push(messageOf(body, version));
      }),
    );
  });
  await once(socket, 'connect');
  socket.write(Buffer.from([0x10, connectBody.length, ...connectBody, 0x82, subscribeBody.length, ...subscribeBody]));
  await subscribed;
  return messages;
}

function messageOf(body: Buffer, version: 4 | 5): RawMessage {
  const [topic, at] = textAt(body, 0);
  if (version === 4) return { topic, payload: body.subarray(at).toString(), properties: undefined };
  const length = body.readUInt8(at);
  // Two bytes are enough for what is sent here.
  const isLong = length >= 0x80;
  const from = at + (isLong ? 2 : 1);
  const end = from + (isLong ? (length & 0x7f) + body.readUInt8(at + 1) * 0x80 : length);
  const properties: [string, string][] = [];
  for (let next = from; next < end;) {
    if (body.readUInt8(next) !== USER_PROPERTY) throw new Error(`property ${body.readUInt8(next)} was not expected`);
    const [name, afterName] = textAt(body, next + 1);
    const [value, afterValue] = textAt(body, afterName);
    properties.push([name, value]);
    next = afterValue;
  }
  return { topic, payload: body.subarray(end).toString(), properties };
}

function textAt(body: Buffer, at: number): [text: string, end: number] {
  const end = at + 2 + body.readUInt16BE(at);
  return [body.toString('utf8', at + 2, end), end];
}
