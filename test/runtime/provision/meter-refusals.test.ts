/** What cannot be metered is refused, and the message names it: nothing passes unmetered. */
import t from 'tap';
import { meter } from '../../../runtime/provision/meter/meter.js';
import { UnsupportedWasm } from '../../../runtime/provision/wasm/module-info.js';
import { moduleOf, oneFunction, section } from './one-function.js';
import { fromText } from './wat.js';

function refusal(module: Uint8Array): string | undefined {
  try {
    meter(module, { exceptions: false });
  } catch (error) {
    return error instanceof UnsupportedWasm ? error.message : `not refused by name, but: ${String(error)}`;
  }
  return undefined;
}

/** Instructions of proposals that tasks may not use, by their first bytes. */
const INSTRUCTIONS: readonly (readonly [code: readonly number[], message: string])[] = [
  [[0x0a], 'throw_ref (exception handling with exnref)'],
  [[0x1f, 0x40, 0], 'try_table (exception handling with exnref)'],
  [[0x14, 0], 'call_ref (typed function references)'],
  [[0x15, 0], 'return_call_ref (typed function references)'],
  [[0xd3], 'ref.eq (garbage collection)'],
  [[0xd4], 'ref.as_non_null (typed function references)'],
  [[0xd5, 0], 'br_on_null (typed function references)'],
  [[0xd6, 0], 'br_on_non_null (typed function references)'],
  [[0xfb, 0, 0], 'a garbage collection instruction'],
  [[0xfb, 0x1c], 'a garbage collection instruction'],
  [[0xfe, 3, 0], 'an atomic instruction (threads)'],
  [[0xfe, 0x10, 2, 0], 'an atomic instruction (threads)'],
];

t.test('instructions of other proposals are refused by name', (t) => {
  for (const [code, message] of INSTRUCTIONS) {
    t.equal(refusal(oneFunction(code)), message, message);
    t.equal(refusal(oneFunction([0x00, ...code])), message, 'in code that cannot be reached as well');
  }
  t.end();
});

t.test('relaxed SIMD is refused, since its results differ between machines', (t) => {
  for (let opcode = 256; opcode <= 275; opcode++) {
    t.match(refusal(oneFunction([0xfd, (opcode & 0x7f) | 0x80, opcode >> 7])), new RegExp(`relaxed SIMD.*${opcode}`));
  }
  t.end();
});

t.test('an opcode that means nothing, or nothing yet, is refused by its number', (t) => {
  const unassigned = [0x16, 0x17, 0x1d, 0x1e, 0x27, 0xc5, 0xcf, 0xd7, 0xe0, 0xf0, 0xfa, 0xff];
  for (const opcode of unassigned) {
    t.match(refusal(oneFunction([opcode])), `0x${opcode.toString(16)}`, `0x${opcode.toString(16)}`);
  }
  for (const opcode of [18, 19, 22, 100]) t.match(refusal(oneFunction([0xfc, opcode])), `0xfc ${opcode}`);
  t.end();
});

t.test('of all first bytes of instructions, these and no others are refused', (t) => {
  const refused: number[] = [];
  for (let opcode = 0; opcode < 256; opcode++) {
    // Enough zeros for any immediates, and an end for a block that they may have opened.
    const immediates = [0x40, ...Array.from({ length: 20 }, () => 0), 0x0b];
    const message = refusal(oneFunction([opcode, ...immediates]));
    if (message !== undefined && !message.includes('MalformedWasm')) refused.push(opcode);
  }
  const between = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const labels = [0x0c, 0x0d, 0x10]; // known: there is no label 64, and no such function
  t.strictSame(
    refused.filter((opcode) => !labels.includes(opcode)),
    [
      0x0a,
      ...between(0x14, 0x17),
      ...between(0x1d, 0x1f),
      0x27,
      ...between(0xc5, 0xcf),
      ...between(0xd3, 0xfb),
      0xfc, // followed by 64, which is none of its instructions
      0xfe,
      0xff,
    ],
  );
  t.end();
});

t.test('kinds of memory, table, global and type that tasks may not have are refused by name', (t) => {
  const cases: readonly (readonly [section: Uint8Array, message: RegExp])[] = [
    [section(5, [1, 3, 1, 1]), /a shared memory \(threads\)/],
    [section(5, [1, 4, 1]), /a 64-bit memory/],
    [section(5, [1, 8, 1, 0]), /a memory with limit flags 0x8/],
    [section(4, [1, 0x70, 4, 1]), /a 64-bit table/],
    [section(4, [1, 0x64, 0x70, 0, 1]), /a table of type 0x64/],
    [section(4, [1, 0x40, 0, 0x70, 0, 1, 0xd0, 0x70, 0x0b]), /a table of type 0x40/],
    [section(6, [1, 0x6e, 0, 0xd0, 0x6e, 0x0b]), /a global of type 0x6e/],
    [section(6, [1, 0x69, 0, 0xd0, 0x69, 0x0b]), /a global of type 0x69/],
  ];
  for (const [section, message] of cases) {
    t.match(refusal(oneFunction([], { sections: [section] })), message, String(message));
  }
  for (const form of [0x5f, 0x5e, 0x50, 0x4e]) {
    t.match(
      refusal(moduleOf(section(1, [1, form, 0]))),
      new RegExp(`garbage-collected types \\(type form 0x${form.toString(16)}\\)`),
    );
  }
  const imported = moduleOf(section(2, [1, 1, 0x61, 1, 0x62, 5, 0]));
  t.match(refusal(imported), /an import of kind 5/);
  t.end();
});

t.test('names that metering adds cannot be a guest’s own', (t) => {
  for (const text of [
    '(module (func (export "sterna:fuel")))',
    '(module (func (export "sterna:start")))',
    '(module (import "sterna:meter" "slice" (func)))',
    '(module (import "sterna:meter" "anything" (global i32)))',
  ]) {
    t.match(refusal(fromText(text)), /the reserved name "sterna:(fuel|start|meter)"/, text);
  }
  t.end();
});
