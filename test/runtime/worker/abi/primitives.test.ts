import t from 'tap';
import { AbiFault } from '../../../../runtime/worker/abi/abi-fault.js';
import {
  loadPrimitive,
  PRIMITIVES,
  storePrimitive,
  type Primitive,
} from '../../../../runtime/worker/abi/primitives.js';

const lift = (type: Primitive, core: number | bigint): unknown => PRIMITIVES[type].lift(core as never);

t.test('only the low bits of a core value count', (t) => {
  const cases: readonly (readonly [Primitive, number | bigint, unknown])[] = [
    ['bool', 0, false],
    ['bool', -1, true],
    ['u8', 255, 255],
    ['u8', 256, 0],
    ['u8', -1, 255],
    ['s8', 127, 127],
    ['s8', 128, -128],
    ['u16', 65_535, 65_535],
    ['u16', 65_536, 0],
    ['s16', 32_768, -32_768],
    ['u32', -1, 4_294_967_295],
    ['s32', -2_147_483_648, -2_147_483_648],
    ['u64', -1n, 18_446_744_073_709_551_615n],
    ['s64', -1n, -1n],
    ['f64', 0.5, 0.5],
  ];
  for (const [type, core, value] of cases) t.equal(lift(type, core), value, `${type} of ${core}`);
  t.end();
});

t.test('a character is any code point but a surrogate', (t) => {
  for (const code of [0, 0xd7ff, 0xe000, 0x10_ffff]) t.equal(lift('char', code), String.fromCodePoint(code));
  for (const code of [0xd800, 0xdfff, 0x11_0000, -1]) t.throws(() => lift('char', code), AbiFault, String(code));
  t.end();
});

t.test('what is written to memory is read from it again, in its size', (t) => {
  const cases: readonly (readonly [Primitive, unknown, readonly number[]])[] = [
    ['bool', true, [1]],
    ['u8', 254, [254]],
    ['s8', -2, [254]],
    ['u16', 0xfffe, [0xfe, 0xff]],
    ['s16', -2, [0xfe, 0xff]],
    ['u32', 0xffff_fffe, [0xfe, 0xff, 0xff, 0xff]],
    ['s32', -2, [0xfe, 0xff, 0xff, 0xff]],
    ['u64', 0xffff_ffff_ffff_fffen, [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['s64', -2n, [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['f32', 1, [0, 0, 0x80, 0x3f]],
    ['f64', 1, [0, 0, 0, 0, 0, 0, 0xf0, 0x3f]],
    ['char', '😀', [0x00, 0xf6, 0x01, 0x00]],
  ];
  for (const [type, value, bytes] of cases) {
    const view = new DataView(new ArrayBuffer(16));
    storePrimitive(type)(view, 4, value as never);
    t.strictSame([...new Uint8Array(view.buffer, 4, bytes.length)], bytes, type);
    t.equal(
      new Uint8Array(view.buffer, 4 + bytes.length).find((byte) => byte !== 0),
      undefined,
      'and no byte more',
    );
    t.equal(loadPrimitive(type)(view, 4), value, type);
    t.equal(PRIMITIVES[type].size, bytes.length);
  }
  t.end();
});
