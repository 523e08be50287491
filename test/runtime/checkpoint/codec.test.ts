import { createHash } from 'node:crypto';
import { t } from 'tap';
import {
  checkpointDigest,
  CheckpointFault,
  decodeCheckpoint,
  encodeCheckpoint,
  packCheckpoint,
  unpackCheckpoint,
} from '../../../runtime/index.js';
import { Random } from '../provision/fuzz/random.js';
import { aCheckpoint, page } from './a-checkpoint.js';

t.test('a checkpoint comes back as it was, packed or not, under one digest', (t) => {
  const checkpoint = aCheckpoint();
  const bytes = encodeCheckpoint(checkpoint);
  const packed = packCheckpoint(bytes);
  t.same(decodeCheckpoint(bytes), checkpoint);
  t.same(decodeCheckpoint(packed), checkpoint);
  t.ok(packed.length < bytes.length / 10, `${bytes.length} bytes are ${packed.length}`);
  t.equal(checkpointDigest(packed), checkpointDigest(bytes));
  t.same(unpackCheckpoint(packed), bytes);
  t.same(encodeCheckpoint(decodeCheckpoint(packed)), bytes, 'there is one way to write it');
  t.end();
});

t.test('the bytes of a checkpoint are what is published', (t) => {
  const bytes = Buffer.from(encodeCheckpoint(aCheckpoint()));
  t.equal(bytes.toString('latin1', 0, 8), 'STERNACP');
  t.equal(bytes.readUInt16LE(8), 2, 'version');
  t.equal(bytes.readUInt32LE(16), bytes.length - 20 - 32);
  t.equal(bytes.readUInt32LE(20), 64, 'the component comes first, with its length');
  const digest = '2f4fd073';
  t.match(
    createHash('sha256').update(bytes).digest('hex'),
    new RegExp(`^${digest}`),
    'raise FORMAT_VERSION with a change',
  );
  t.end();
});

/** Makes the checksum true again. */
function sealed(bytes: Buffer): Buffer {
  const end = bytes.length - 32;
  bytes.set(createHash('sha256').update(bytes.subarray(0, end)).digest(), end);
  return bytes;
}

t.test('a checkpoint that is damaged, cut, too new or none is refused with the reason', (t) => {
  const good = (): Buffer => Buffer.from(encodeCheckpoint(aCheckpoint()));
  const refused = (bytes: Uint8Array, message: RegExp): void => {
    t.throws(() => decodeCheckpoint(bytes), message);
    t.throws(() => decodeCheckpoint(bytes), CheckpointFault);
  };
  refused(Buffer.alloc(100), /no checkpoint/);
  refused(new Uint8Array(), /no checkpoint/);
  refused(good().subarray(0, -1), /should have \d+ bytes: it has \d+/);
  const flipped = good();
  flipped[200] = (flipped[200] as number) ^ 1;
  refused(flipped, /damaged/);
  const newer = good();
  newer.writeUInt16LE(3, 8);
  refused(newer, /version 3: this Sterna reads version 2/);
  const packing = good();
  packing.writeUInt8(7, 10);
  refused(sealed(packing), /packed in a way \(7\)/);
  const later = good();
  later.writeUInt8(1, 11);
  refused(sealed(later), /byte 11 .* must be 0/);
  const bomb = Buffer.from(packCheckpoint(good()));
  bomb.writeUInt32LE(0x3fff_ffff, 12);
  refused(sealed(bomb), /cannot be unpacked to/);
  t.end();
});

t.test('texts come back with every character, a mark of byte order at their beginning included', (t) => {
  const { request, collected } = aCheckpoint();
  const [publish] = collected.effects;
  const set = { kind: 'set', bucket: 'task/default', key: '\ufeffk', value: new Uint8Array() } as const;
  const log = [{ level: 'warn', context: '\ufeff', message: '\ufeff y' }] as const;
  const bytes = { outputBytes: 3 + 1 + 4, logBytes: 3 + 5 };
  const checkpoint = aCheckpoint({
    request: { ...request, config: { '\ufeffwarm': '\ufeff21' } },
    collected: { ...collected, effects: [publish as NonNullable<typeof publish>, set], log, ...bytes },
  });
  t.same(decodeCheckpoint(encodeCheckpoint(checkpoint)), checkpoint);
  t.end();
});

t.test('no byte can be another and no end be missing, packed or not', (t) => {
  const plain = encodeCheckpoint(aCheckpoint());
  for (const good of [Buffer.from(plain), Buffer.from(packCheckpoint(plain))]) {
    const refusal = (bytes: Uint8Array): unknown => {
      try {
        decodeCheckpoint(bytes);
        return 'accepted';
      } catch (error) {
        return error instanceof CheckpointFault && error.message !== '' ? 'refused' : error;
      }
    };
    const other = new Set<unknown>();
    for (let at = 0; at < good.length; at++) {
      for (const bit of [1, 0x80, 0xff]) {
        good[at] = (good[at] as number) ^ bit;
        other.add(refusal(good));
        good[at] = (good[at] as number) ^ bit;
      }
      other.add(refusal(good.subarray(0, at)));
    }
    other.add(refusal(Buffer.concat([good, Buffer.alloc(1)])));
    t.strictSame([...other], ['refused']);
  }
  t.end();
});

t.test('what cannot be of a run is refused, though its checksum is right', (t) => {
  const { guest, collected } = aCheckpoint();
  const refused = (changes: Parameters<typeof aCheckpoint>[0], message: RegExp): void => {
    t.throws(() => decodeCheckpoint(encodeCheckpoint(aCheckpoint(changes))), message);
  };
  const memory = (...pages: ReturnType<typeof page>[]): object => ({ ...guest, memories: [{ length: 65_536, pages }] });
  refused({ guest: memory(page(16, 1)) as never }, /page 16 lies beyond the memory's 16 pages/);
  refused({ guest: memory(page(2, 1), page(1, 1)) as never }, /page 1 lies beyond .* or is out of order/);
  refused(
    { guest: { ...guest, memories: [{ length: 65_536, pages: [{ index: 0, bytes: undefined }] }] } },
    /page 0 is missing/,
  );
  refused({ guest: { ...guest, handles: { size: 4, free: [4] } } }, /handle that is free/);
  refused({ guest: { ...guest, handles: { size: 4, free: [1, 1] } } }, /handle that is free/);
  refused({ guest: { ...guest, args: [1, 2, 3] } }, /4 arguments/);
  refused({ collected: { ...collected, droppedLogLines: 2 ** 32 } }, /left out 4294967296 lines of its log/);
  refused({ progress: Number.NaN }, /the progress must be 0 or more/);
  refused({ used: { fuel: 1.5, wallMs: 0, hostMs: 0, peakMemoryBytes: 0 } }, /the fuel used must be a whole number/);
  t.end();
});

t.test('no bytes make the decoder do anything but refuse', (t) => {
  const random = new Random(11);
  const good = Buffer.from(encodeCheckpoint(aCheckpoint()));
  let refused = 0;
  for (let i = 0; i < 20_000; i++) {
    const bytes = Buffer.from(good);
    // Lengths and counts lie close together at the beginning; the pages are behind.
    for (let n = 1 + random.below(3); n > 0; n--) {
      bytes[20 + random.below(random.once(2) ? 900 : bytes.length - 52)] = random.once(3) ? 0xff : random.below(256);
    }
    try {
      decodeCheckpoint(sealed(bytes));
    } catch (error) {
      if (!(error instanceof CheckpointFault)) throw error;
      refused++;
    }
  }
  t.ok(refused > 2_000, `${refused} were refused`);
  t.end();
});
