/** A component that needs what this machine lacks is told so by the name of it. */
import t from 'tap';
import { provision } from '../../../runtime/provision/provision.js';
import { taskComponent } from '../wat-component.js';

t.setTimeout(120_000);

const LIMIT = { memoryBytes: 1024 * 1024 };
const EMPTY = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** A task with one more core module, which it instantiates if `instantiated`. */
async function withModule(sections: readonly number[], instantiated = false): Promise<Uint8Array> {
  const component = await taskComponent();
  const module = [...EMPTY, ...sections];
  const instance = instantiated ? [2, 4, 1, 0x00, coreModulesOf(component), 0] : [];
  return Uint8Array.from([...component, 1, module.length, ...module, ...instance]);
}

/** Sections with the id 1, at the top level. */
function coreModulesOf(component: Uint8Array): number {
  let count = 0;
  for (let at = 8; at < component.length;) {
    if (component[at++] === 1) count++;
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = component[at++] ?? 0;
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    at += size;
  }
  return count;
}

const CASES: readonly (readonly [string, () => Promise<Uint8Array>, RegExp])[] = [
  ['64-bit memories', () => withModule([5, 3, 1, 0x04, 1], true), /64-bit memor/],
  [
    'several memories',
    () => withModule([5, 5, 2, 0x00, 1, 0x00, 1], true),
    /several memories in a module \(multi-memory\)/,
  ],
  ['shared memories', () => withModule([5, 4, 1, 0x03, 1, 1], true), /shared memory.*\(?threads\)?/],
  ['garbage-collected types', () => withModule([1, 5, 1, 0x5f, 1, 0x7f, 0x00], true), /garbage-collected types/],
  // A function with a try_table in it: 0x1f, its type, no catches.
  [
    'exceptions as references',
    () => withModule([1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 8, 1, 6, 0, 0x1f, 0x40, 0, 0x0b, 0x0b], true),
    /exception/,
  ],
  // v128.const, twice, and i8x16.relaxed_swizzle.
  [
    'relaxed SIMD',
    () => {
      const vector = [0xfd, 0x0c, ...Array.from({ length: 16 }, () => 0)];
      const body = [0, ...vector, ...vector, 0xfd, 0x80, 0x02, 0x1a, 0x0b];
      return withModule([1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, body.length + 2, 1, body.length, ...body], true);
    },
    /relaxed SIMD/,
  ],
];

for (const [what, component, message] of CASES) {
  t.test(`a component with ${what} is told what this machine lacks`, async (t) => {
    const said = await provision(await component(), LIMIT).then(
      () => 'accepted',
      (error: Error) => error.message,
    );
    t.match(said, message);
  });
}

t.test('an extra module is no reason to refuse one, nor are vectors, which are there', async (t) => {
  await t.resolves(provision(await withModule([], true), LIMIT));
  await t.resolves(provision(await taskComponent({ body: '(drop (v128.const i32x4 0 0 0 0))' }), LIMIT));
});
