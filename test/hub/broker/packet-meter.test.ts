import t from 'tap';
import { PacketMeter } from '../../../hub/broker/packet-meter.js';

/** A packet with a body of that many bytes. */
function packet(bodyBytes: number): Buffer {
  const length: number[] = [];
  for (let rest = bodyBytes; ;) {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    length.push(rest > 0 ? low + 128 : low);
    if (rest === 0) break;
  }
  return Buffer.concat([Buffer.from([0x30, ...length]), Buffer.alloc(bodyBytes, 0xff)]);
}

t.test('packets up to the limit pass, however they are cut into chunks', async (t) => {
  const stream = Buffer.concat([packet(0), packet(1), packet(127), packet(128), packet(1_000), packet(0)]);
  for (const size of [1, 2, 3, 7, 64, 5_000]) {
    const meter = new PacketMeter(1_000);
    for (let at = 0; at < stream.length; at += size) {
      if (meter.exceeds(stream.subarray(at, at + size))) t.fail(`refused in chunks of ${size} bytes at ${at}`);
    }
  }
  t.pass();
});

t.test('a packet one byte over the limit is found by its header alone', async (t) => {
  const meter = new PacketMeter(1_000);
  t.equal(meter.exceeds(packet(1_000)), false);
  t.equal(meter.exceeds(packet(1_001).subarray(0, 2)), false);
  t.equal(meter.exceeds(packet(1_001).subarray(2, 3)), true);
});

t.test('a length of more than four bytes is refused', async (t) => {
  t.equal(new PacketMeter(2 ** 28).exceeds(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80, 0x00])), true);
});
