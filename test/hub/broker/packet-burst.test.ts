import mqttPacket from 'mqtt-packet';
import t from 'tap';
import { PacketBurst } from '../../../hub/broker/packet-burst.js';
import type { OutgoingMessage } from '../../../hub/broker-link.js';

const utf8 = new TextEncoder();

const MESSAGES: readonly OutgoingMessage[] = [
  { topic: 'a', payload: new Uint8Array(), qos: 0, retain: false },
  { topic: 'küche/licht/set', payload: utf8.encode('{"state":"ON"}'), qos: 0, retain: true },
  { topic: 'a/b', payload: new Uint8Array(127), qos: 0, retain: false },
  { topic: 'large', payload: new Uint8Array(200_000).fill(7), qos: 0, retain: false },
  { topic: 'x'.repeat(65_535), payload: utf8.encode('long topic'), qos: 0, retain: false },
  { topic: 'after', payload: utf8.encode('1'), qos: 0, retain: false },
];

for (const protocolVersion of [4, 5] as const) {
  t.test(`the bytes are those of the library, in MQTT ${protocolVersion}`, (t) => {
    const burst = new PacketBurst(protocolVersion);
    const expected = MESSAGES.map(({ topic, payload, retain }) =>
      mqttPacket.generate(
        { cmd: 'publish', topic, payload: Buffer.from(payload), qos: 0, retain, dup: false },
        { protocolVersion },
      ),
    );
    for (const message of MESSAGES) burst.add(message);
    t.equal(burst.length, Buffer.concat(expected).length);
    t.ok(burst.take().equals(Buffer.concat(expected)));
    t.equal(burst.length, 0);
    burst.add(MESSAGES[1] as OutgoingMessage);
    t.ok(burst.take().equals(expected[1] as Buffer), 'what was taken is not taken again');
    t.end();
  });
}

for (const protocolVersion of [4, 5] as const) {
  t.test(`so they are above QoS 0, in MQTT ${protocolVersion}`, (t) => {
    const burst = new PacketBurst(protocolVersion);
    const expected: Buffer[] = [];
    for (const qos of [1, 2] as const) {
      for (const dup of [false, true]) {
        for (const [i, { topic, payload, retain }] of MESSAGES.entries()) {
          const messageId = 1 + i * 10_000;
          burst.add({ topic, payload, qos, retain }, messageId, dup);
          const packet = { cmd: 'publish', topic, payload: Buffer.from(payload), qos, retain, dup, messageId } as const;
          expected.push(mqttPacket.generate(packet, { protocolVersion }));
        }
      }
    }
    burst.addRelease(513);
    // The reason code 0 may be left out (MQTT 5, section 3.6.2.1), as it is in MQTT 3.1.1.
    expected.push(mqttPacket.generate({ cmd: 'pubrel', messageId: 513 }, { protocolVersion: 4 }));
    t.ok(burst.take().equals(Buffer.concat(expected)));
    t.end();
  });
}

const ORIGIN = { id: 'e-1/läufe/0', source: 'läufe', timeMs: Date.UTC(2026, 10, 22, 12, 0, 0, 5) };

t.test('where a message comes from is in its user properties, in MQTT 5', (t) => {
  for (const id of [ORIGIN.id, 'i'.repeat(300)]) {
    const message: OutgoingMessage = { ...(MESSAGES[1] as OutgoingMessage), origin: { ...ORIGIN, id } };
    const burst = new PacketBurst(5);
    burst.add(message);
    const { topic, payload, retain } = message;
    const userProperties = { id, source: 'läufe', time: '2026-11-22T12:00:00.005Z' };
    const expected = mqttPacket.generate(
      {
        cmd: 'publish',
        topic,
        payload: Buffer.from(payload),
        qos: 0,
        retain,
        dup: false,
        properties: { userProperties },
      },
      { protocolVersion: 5 },
    );
    t.ok(burst.take().equals(expected));
  }
  t.end();
});

t.test('MQTT 3.1.1 has no room for where a message comes from', (t) => {
  const [plain, withOrigin] = [new PacketBurst(4), new PacketBurst(4)];
  plain.add(MESSAGES[1] as OutgoingMessage);
  withOrigin.add({ ...(MESSAGES[1] as OutgoingMessage), origin: ORIGIN });
  t.ok(withOrigin.take().equals(plain.take()));
  t.end();
});

t.test('what was taken is not overwritten by what comes after', (t) => {
  const burst = new PacketBurst(4);
  const [first, second] = [MESSAGES[1], MESSAGES[2]] as [OutgoingMessage, OutgoingMessage];
  burst.add(first);
  const taken = burst.take();
  const copy = Buffer.from(taken);
  for (let i = 0; i < 2_000; i++) burst.add(second);
  t.ok(taken.equals(copy));
  t.end();
});
