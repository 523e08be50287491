import t from 'tap';
import { packEvents, packMessages, unpackEvents, unpackMessages } from '../../../hub/store/packed-rows.js';
import type { StoredEvent, StoredMessage } from '../../../hub/store/store.js';

const EVENT: StoredEvent = {
  id: 'e1',
  topic: 'in/lamp',
  payload: new Uint8Array([1, 2]),
  qos: 2,
  retain: true,
  arrivedAtMs: 1_000.5,
  clockMs: 2 ** 50,
  runs: [{ task: 'light', seed: 2 ** 52 }],
};
const MESSAGE: StoredMessage = {
  topic: 'light/ä',
  payload: new Uint8Array(0),
  qos: 0,
  retain: false,
  origin: { id: 'e1/light/0', source: 'light', timeMs: 5 },
};

t.test('events and messages come out of a row as they went in, with a chain and without', (t) => {
  const events = [EVENT, { ...EVENT, id: 'e2', chain: 'fan,light' }, { ...EVENT, runs: [], qos: 1 as const }];
  t.strictSame(unpackEvents(packEvents(events)), events);
  const messages = [MESSAGE, { ...MESSAGE, retain: true, origin: { ...MESSAGE.origin, chain: 'light' } }, MESSAGE];
  t.strictSame(unpackMessages(packMessages(messages)), messages);
  t.end();
});

t.test('rows of before there were chains are read', (t) => {
  // As the first format wrote it: flags 2 + 4 for QoS 2, retained, and nothing after the runs.
  const packed = Buffer.from(packEvents([EVENT]));
  t.equal(packed.readUInt32LE(4 + 2 + 4 + 7 + 4 + 2), 6);
  t.strictSame(unpackEvents(packed), [EVENT]);
  t.end();
});
