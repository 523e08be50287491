/** A program that others wrote costs what it executes: a compressor, by Rust's compiler and linker. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import t from 'tap';
import { meteredInstance } from './side-by-side.js';
import { ReferenceInstance } from './reference/interpreter.js';

const require = createRequire(import.meta.url);
const COMPRESSOR = path.join(path.dirname(require.resolve('lz4-wasm-nodejs')), 'lz4_wasm_nodejs_bg.wasm');

/** What the program is driven by, in whatever executes it. */
interface Driven {
  readonly memory: () => Uint8Array;
  readonly call: (name: string, ...args: number[]) => number;
}

/** Compresses and decompresses, and answers with both. */
function roundTrip({ memory, call }: Driven, text: string): readonly [compressed: Buffer, text: string] {
  const compressed = through('compress', Buffer.from(text));
  return [compressed, through('decompress', compressed).toString()];

  function through(name: string, input: Buffer): Buffer {
    const answer = call('__wbindgen_add_to_stack_pointer', -16);
    const at = call('__wbindgen_malloc', input.length);
    memory().set(input, at);
    call(name, answer, at, input.length);
    const view = new DataView(memory().buffer);
    const from = view.getInt32(answer, true);
    const output = Buffer.from(memory().slice(from, from + view.getInt32(answer + 4, true)));
    call('__wbindgen_add_to_stack_pointer', 16);
    return output;
  }
}

t.test('a compressor does the same, and costs what it executes', (t) => {
  const bytes = new Uint8Array(readFileSync(COMPRESSOR));
  const text = Array.from({ length: 60 }, (_, i) => `{"room":"kitchen","celsius":${(i * 31) % 40}}`).join('\n');
  const none = (): never => {
    throw new Error('the program called what it has no need of');
  };
  const names = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
  const imports: Record<string, Record<string, () => never>> = {};
  for (const { module, name } of names) imports[module] = { ...imports[module], [name]: none };

  const reference = new ReferenceInstance(bytes, Object.fromEntries(names.map(({ name }) => [name, none])), {
    fuel: 100_000_000,
  });
  reference.initialise();
  const expected = roundTrip(
    {
      memory: () => new Uint8Array((reference.memories[0] as WebAssembly.Memory).buffer),
      call: (name, ...args) => (reference.invoke(name, args)[0] ?? 0) as number,
    },
    text,
  );
  t.equal(expected[1], text);
  t.ok(reference.used > 10_000, `${reference.used} of fuel`);

  for (const slice of [1_000, 1_000_000]) {
    const account = meteredInstance(bytes, imports, { slice });
    const { exports } = account;
    const actual = roundTrip(
      {
        memory: () => new Uint8Array((exports['memory'] as WebAssembly.Memory).buffer),
        call: (name, ...args) => (exports[name] as (...args: number[]) => number)(...args),
      },
      text,
    );
    t.strictSame(actual, expected, `in slices of ${slice}`);
    t.equal(account.used, reference.used);
  }
  t.end();
});
