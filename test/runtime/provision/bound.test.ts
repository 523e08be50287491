import t from 'tap';
import { bound } from '../../../runtime/provision/bound.js';
import { fromText } from './wat.js';

const MiB = 1024 * 1024;

function instantiate(module: Uint8Array, imports: WebAssembly.Imports = {}): WebAssembly.Exports {
  return new WebAssembly.Instance(new WebAssembly.Module(module), imports).exports;
}

t.test('a memory can grow to the limit and not beyond', (t) => {
  for (const [declared, most] of [
    ['1', 16],
    ['1 65536', 16],
    ['1 4', 4],
    ['16', 16],
  ] as const) {
    const { module, initialBytes } = bound(fromText(`(module (memory (export "m") ${declared}))`), MiB);
    const memory = instantiate(module)['m'] as WebAssembly.Memory;
    t.equal(initialBytes, memory.buffer.byteLength);
    const pages = initialBytes / 65_536;
    t.equal(memory.grow(most - pages), pages, declared);
    t.throws(() => memory.grow(1), RangeError, declared);
  }
  t.end();
});

t.test('a table can grow to the limit and not beyond', (t) => {
  for (const [declared, most] of [
    ['10', 1_000],
    ['10 20', 20],
  ] as const) {
    const { module, initialBytes } = bound(fromText(`(module (table (export "t") ${declared} funcref))`), 8_000);
    t.equal(initialBytes, 80);
    const table = instantiate(module)['t'] as WebAssembly.Table;
    table.grow(most - 10);
    t.throws(() => table.grow(1), RangeError);
  }
  t.end();
});

t.test('memories and tables count together; imported ones are counted where they are defined', (t) => {
  const own = bound(fromText('(module (memory 3) (table 5 funcref) (table 7 externref))'), MiB);
  t.equal(own.initialBytes, 3 * 65_536 + 12 * 8);
  const imported = fromText('(module (import "e" "m" (memory 3)) (import "e" "t" (table 5 funcref)))');
  const { module, initialBytes } = bound(imported, MiB);
  t.equal(initialBytes, 0);
  t.strictSame(module, imported);
  t.end();
});

t.test('what begins above the limit stays as it is, and is told', (t) => {
  const { module, initialBytes } = bound(fromText('(module (memory 32))'), MiB);
  t.equal(initialBytes, 2 * MiB);
  t.ok(WebAssembly.validate(module));
  t.end();
});

t.test('a module without memories and tables is not changed', (t) => {
  for (const text of ['(module)', '(module (func (export "f")))']) {
    const module = fromText(text);
    t.strictSame(bound(module, MiB), { module, initialBytes: 0 });
  }
  t.end();
});
