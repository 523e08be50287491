/** Host functions as a guest calls them: at each limit of the canonical ABI, and one past it. */
import t from 'tap';
import { AbiFault } from '../../../../runtime/worker/abi/abi-fault.js';
import { lowerImport } from '../../../../runtime/worker/abi/canonical.js';
import { Handles } from '../../../../runtime/worker/abi/handles.js';
import { OverBudget } from '../../../../runtime/worker/abi/lift.js';
import {
  borrow,
  enumeration,
  flags,
  hostFunction,
  list,
  option,
  own,
  record,
  result,
  tuple,
  variant,
  type AbiType,
} from '../../../../runtime/worker/abi/types.js';

const PAGE = 65_536;
const THING = 'test:host/things/thing';
const OTHER = 'test:host/things/other';
/** More than a byte has bits. */
const NINE_FLAGS = flags('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i');
const OUTPUT_BYTES = 1_000;
/** What a call may hand over besides: four topics. */
const CALL_BYTES = 4 * 65_535;

interface Guest {
  readonly memory: WebAssembly.Memory;
  readonly view: DataView;
  readonly handles: Handles;
  readonly guard: { mayLeave: boolean };
  /** What the host was called with last. */
  got: readonly unknown[] | undefined;
  /** Makes a core function of a host function that answers with `answer`. */
  lower(params: readonly AbiType[], returns?: AbiType, answer?: unknown): (...args: (number | bigint)[]) => unknown;
}

/** A guest of one page, which allocates from 1024 on. */
function guest(encoding: 'utf8' | 'utf16' = 'utf8', pages = 1): Guest {
  const memory = new WebAssembly.Memory({ initial: pages });
  const handles = new Handles();
  const guard = { mayLeave: true };
  let top = 1_024;
  const realloc = (_: number, __: number, align: number, size: number): number => {
    const at = Math.ceil(top / align) * align;
    top = at + size;
    return at;
  };
  const made: Guest = {
    memory,
    view: new DataView(memory.buffer),
    handles,
    guard,
    got: undefined,
    lower: (params, returns, answer) =>
      lowerImport(
        hostFunction(params, returns, (...args: never[]) => {
          made.got = args;
          return answer;
        }),
        { encoding, memory: () => memory, realloc: () => realloc },
        {
          handles,
          guard,
          limits: () => ({ outputBytes: OUTPUT_BYTES, logBytes: 16 }),
          enter: () => {},
          leave: () => {},
          fault: (error) => {
            throw error;
          },
        },
      ),
  };
  return made;
}

/** What the host gets when the guest passes these core values. */
function lifted(params: readonly AbiType[], args: readonly (number | bigint)[], at = guest()): unknown {
  at.lower(params)(...args);
  return at.got;
}

t.test('a string lies within memory to its last byte', (t) => {
  for (const [encoding, unit] of [
    ['utf8', 1],
    ['utf16', 2],
  ] as const) {
    const at = guest(encoding);
    const fits = (pointer: number, length: number) => lifted(['string'], [pointer, length], at);
    t.strictSame(fits(PAGE - 2 * unit, 2), ['\0\0'], `${encoding}: the last two units`);
    t.strictSame(fits(PAGE, 0), [''], 'nothing, at the end');
    const beyond: readonly (readonly [number, number])[] = [
      [PAGE - unit, 2],
      [PAGE + 2, 0],
      [-2, 1],
      [0, PAGE / unit + 1],
    ];
    for (const [pointer, length] of beyond) t.throws(() => fits(pointer, length), AbiFault, `${pointer}, ${length}`);
    for (const length of [-1, -2, 0x8000_0000, 0x7fff_ffff]) {
      t.throws(() => fits(0, length), OverBudget, `${length >>> 0} units are refused before they are looked at`);
    }
  }
  t.throws(() => lifted(['string'], [1, 1], guest('utf16')), AbiFault, 'UTF-16 at an odd address');
  t.end();
});

t.test('a text that is only looked at is cut before it is copied, and its bounds are checked first', (t) => {
  const at = guest();
  new Uint8Array(at.memory.buffer).fill(0x61, 0, 64);
  t.strictSame(lifted(['text'], [0, 16], at), ['a'.repeat(16)]);
  t.strictSame(lifted(['text'], [0, 17], at), [`${'a'.repeat(16)}…`]);
  t.throws(() => lifted(['text'], [0, PAGE + 1], at), AbiFault);
  t.end();
});

t.test('ill-formed text is mended, whatever it is', (t) => {
  const utf16 = guest('utf16');
  for (const [i, unit] of [0xd800, 0x61, 0xdc00, 0xd83d, 0xde00, 0xdbff].entries())
    utf16.view.setUint16(i * 2, unit, true);
  t.strictSame(lifted(['string'], [0, 6], utf16), ['\ufffda\ufffd😀\ufffd']);
  for (let i = 0; i < 40; i++) utf16.view.setUint16(i * 2, 0xd800, true);
  t.strictSame(lifted(['string'], [0, 40], utf16), ['\ufffd'.repeat(40)], 'a long one, too');
  const utf8 = guest();
  new Uint8Array(utf8.memory.buffer).set([0x61, 0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0x62]);
  const [text] = lifted(['string'], [0, 8], utf8) as [string];
  t.match(text, /^a\ufffd+b$/);
  t.end();
});

t.test('a list that names the same bytes many times is refused before they are copied', (t) => {
  const size = 8 * 1_024 * 1_024;
  const at = guest('utf8', 160);
  const count = 1_000;
  for (let i = 0; i < count; i++) {
    at.view.setUint32(i * 8, 0, true);
    at.view.setUint32(i * 8 + 4, size, true);
  }
  const before = process.memoryUsage().arrayBuffers;
  t.throws(() => lifted([list('bytes')], [0, count], at), OverBudget);
  t.ok(process.memoryUsage().arrayBuffers - before < size, 'not even once');
  t.end();
});

t.test('a call hands over as much as the run may put out and what names take, and not a byte more', (t) => {
  const at = guest('utf8', 8);
  const most = OUTPUT_BYTES + CALL_BYTES;
  t.equal((lifted(['bytes'], [0, most], at) as [Uint8Array])[0].length, most);
  t.throws(() => lifted(['bytes'], [0, most + 1], at), OverBudget);
  t.throws(() => lifted(['bytes', 'bytes'], [0, most, 0, 1], at), OverBudget, 'over all its values');
  t.throws(() => lifted([list('u64')], [0, most / 8 + 1], at), OverBudget, 'elements count by their size');
  t.end();
});

t.test('a list is aligned and lies within memory to its last element', (t) => {
  const at = guest();
  at.view.setUint32(PAGE - 4, 7, true);
  t.strictSame(lifted([list('u32')], [PAGE - 4, 1], at), [[7]]);
  t.strictSame(lifted([list('u32')], [PAGE, 0], at), [[]]);
  for (const [pointer, count] of [
    [PAGE - 4, 2],
    [PAGE - 2, 1],
    [2, 1],
    [-4, 1],
  ] as const) {
    t.throws(() => lifted([list('u32')], [pointer, count], at), AbiFault, `${pointer}, ${count}`);
  }
  t.throws(() => lifted([list('u32')], [0, -1], at), OverBudget);
  t.end();
});

t.test('a case that does not exist is a fault, as a core value and in memory', (t) => {
  const three = enumeration('a', 'b', 'c');
  const either = variant(['none', undefined], ['number', 'u8']);
  for (const [type, cases] of [
    [three, 3],
    [option('u8'), 2],
    [result('u8', undefined), 2],
    [either, 2],
  ] as const) {
    const payload = type === three ? [] : [0];
    t.doesNotThrow(() => lifted([type], [cases - 1, ...payload]));
    for (const past of [cases, 256, -1]) t.throws(() => lifted([type], [past, ...payload]), AbiFault, `case ${past}`);
    const at = guest();
    at.view.setUint8(0, cases - 1);
    t.doesNotThrow(() => lifted([list(type)], [0, 1], at));
    for (const past of [cases, 255]) {
      at.view.setUint8(0, past);
      t.throws(() => lifted([list(type)], [0, 1], at), AbiFault, `case ${past} in memory`);
    }
  }
  t.end();
});

t.test('each type is lifted as a parameter as it is from memory', (t) => {
  const moment = record({ seconds: 'u64', nanoseconds: 'u32' });
  const types: readonly (readonly [AbiType, readonly (number | bigint)[], unknown, readonly number[]])[] = [
    [tuple('u8', 'u32'), [1, 2], [1, 2], [1, 0, 0, 0, 2, 0, 0, 0]],
    [moment, [3n, 4], { seconds: 3n, nanoseconds: 4 }, [3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0]],
    [option('char'), [1, 0x41], 'A', [1, 0, 0, 0, 0x41]],
    [option('char'), [0, 0xd800], undefined, [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]],
    [result(undefined, 's16'), [1, -2], { tag: 'err', val: -2 }, [1, 0, 0xfe, 0xff]],
    [result('bool', undefined), [0, 1], { tag: 'ok', val: true }, [0, 1]],
    [
      variant(['no-change', undefined], ['now', undefined], ['timestamp', moment]),
      [2, 5n, 6],
      { tag: 'timestamp', val: { seconds: 5n, nanoseconds: 6 } },
      [2, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 6],
    ],
    [flags('a', 'b', 'c'), [0xfd], 0b101, [0xfd]],
    [NINE_FLAGS, [0x3ff], 0x1ff, [0xff, 0x03]],
    [flags(...Array.from({ length: 32 }, (_, i) => `f${i}`)), [-1], -1, [0xff, 0xff, 0xff, 0xff]],
    [enumeration('a', 'b'), [1], 'b', [1]],
    [
      tuple('f32', 's64'),
      [0.5, -1n],
      [0.5, -1n],
      [0, 0, 0, 0x3f, 0, 0, 0, 0, ...Array.from({ length: 8 }, () => 0xff)],
    ],
  ];
  for (const [type, flat, value, bytes] of types) {
    const after = 77; // what comes next is found, however much of a case is used
    t.strictSame(lifted([type, 'u32'], [...flat, after]), [value, after], JSON.stringify(type));
    const at = guest();
    new Uint8Array(at.memory.buffer).set(bytes, 8);
    t.strictSame(lifted([list(type)], [8, 1], at), [[value]], JSON.stringify(type));
  }
  t.end();
});

t.test('a type is stored as it is lifted, aligned, and results of one core value are returned', (t) => {
  const at = guest();
  const values: readonly (readonly [AbiType, unknown])[] = [
    [
      record({ a: 'u8', b: 'string', c: list(tuple('u16', 'u64')) }),
      {
        a: 1,
        b: 'grüß',
        c: [
          [2, 3n],
          [4, 5n],
        ],
      },
    ],
    [
      list(option(result('bytes', enumeration('x', 'y')))),
      [undefined, { tag: 'ok', val: Uint8Array.of(1) }, { tag: 'err', val: 'y' }],
    ],
    [tuple(NINE_FLAGS, 'char', 's8'), [0x101, 'ß', -1]],
    [variant(['none', undefined], ['pair', tuple('f32', 'f64')]), { tag: 'pair', val: [0.5, 0.25] }],
  ];
  for (const [type, value] of values) {
    const pointer = 512;
    at.lower([], type, value)(pointer);
    t.strictSame(lifted([list(type)], [pointer, 1], at), [[value]]);
    for (const wrong of [PAGE, PAGE - 1, -1]) t.throws(() => at.lower([], type, value)(wrong), AbiFault);
  }
  for (const [type, value, core] of [
    ['s8', -1, -1],
    ['u64', 5n, 5n],
    ['char', 'ß', 0xdf],
    ['f32', 0.5, 0.5],
    [enumeration('x', 'y'), 'y', 1],
    [flags('a', 'b'), 3, 3],
    [result(undefined, undefined), { tag: 'err' }, 1],
  ] as const) {
    t.equal(at.lower([], type, value)(), core);
  }
  t.end();
});

t.test('an owned handle is given up by passing it, a borrowed one is kept; neither is another’s', (t) => {
  const at = guest();
  const handle = at.handles.add(THING, 'thing');
  t.strictSame(lifted([borrow(THING)], [handle], at), ['thing']);
  at.view.setUint32(0, handle, true);
  t.strictSame(lifted([list(borrow(THING))], [0, 1], at), [['thing']]);
  t.throws(() => lifted([borrow(OTHER)], [handle], at), AbiFault);
  t.throws(() => lifted([own(OTHER)], [handle], at), AbiFault);
  t.strictSame(lifted([own(THING)], [handle], at), ['thing']);
  t.throws(() => lifted([own(THING)], [handle], at), AbiFault, 'it is gone');
  const given = at.lower([], own(THING), 'new')();
  t.equal(at.handles.get(THING, given as number), 'new');
  at.lower([], option(own(THING)), 'newer')(512);
  t.equal(at.handles.get(THING, at.view.getUint32(516, true)), 'newer');
  t.end();
});

t.test('the host is not called while it has the guest allocate', (t) => {
  const at = guest();
  at.guard.mayLeave = false;
  t.throws(() => at.lower([])(), AbiFault);
  t.equal(at.got, undefined);
  t.end();
});

t.test('signatures that cannot be handled are refused when they are made, not when they are called', (t) => {
  const at = guest();
  const seventeen = tuple(...Array.from({ length: 17 }, (): AbiType => 'u8'));
  const manyFlags = flags(...Array.from({ length: 33 }, (_, i) => `f${i}`));
  const manyCases = enumeration(...Array.from({ length: 257 }, (_, i) => `c${i}`));
  const refused: readonly (readonly [RegExp, readonly AbiType[], AbiType?])[] = [
    [/more than 16 core values/, [seventeen]],
    [/cases whose core values differ/, [variant(['a', 'u32'], ['b', 'f64'])]],
    [/33 flags/, [manyFlags]],
    [/33 flags/, [], list(manyFlags)],
    [/257 cases/, [], list(manyCases)],
    [/borrowed handle/, [], list(borrow(THING))],
    [/single core value/, [], record({ only: 'u8' })],
  ];
  for (const [message, params, returns] of refused) t.throws(() => at.lower(params, returns), message);
  t.end();
});
