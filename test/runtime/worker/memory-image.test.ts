import t from 'tap';
import { MemoryImage } from '../../../runtime/worker/memory-image.js';

const PAGE = 65_536;

/** Each at its address; the last is the last byte of two pages. */
const CONTENTS = new Map([
  [0, 1],
  [255, 2],
  [4_096, 3],
  [20_000, 4],
  [PAGE - 1, 5],
  [PAGE, 6],
  [PAGE + 40_000, 7],
  [2 * PAGE - 1, 8],
]);

function memoryOf(contents: ReadonlyMap<number, number>): { memory: WebAssembly.Memory; bytes: Uint8Array } {
  const memory = new WebAssembly.Memory({ initial: 2 });
  const bytes = new Uint8Array(memory.buffer);
  for (const [at, value] of contents) bytes[at] = value;
  return { memory, bytes };
}

t.test('a memory is put back to the byte, wherever it had something and wherever it had nothing', (t) => {
  for (const contents of [CONTENTS, new Map<number, number>(), new Map([[70_000, 1]])]) {
    const { memory, bytes } = memoryOf(contents);
    const image = MemoryImage.of(memory, undefined);
    bytes.fill(0xee);
    const cleared: [number, number][] = [];
    image.putBack(bytes, (from, to) => {
      cleared.push([from, to]);
      bytes.fill(0, from, to);
    });
    t.ok(Buffer.from(bytes).equals(memoryOf(contents).bytes));
    for (const [from, to] of cleared) t.strictSame([from % 256, to % 256, from < to], [0, 0, true]);
    t.ok(image.contentBytes <= contents.size * 4_096, `${image.contentBytes} bytes are copied`);
  }
  t.end();
});

t.test('memories that begin the same have one image, others their own', (t) => {
  const image = MemoryImage.of(memoryOf(CONTENTS).memory, undefined);
  t.equal(MemoryImage.of(memoryOf(CONTENTS).memory, image), image);
  const changes: readonly [number, number][] = [
    [20_000, 9],
    [100, 1],
    [100_000, 1],
    [2 * PAGE - 1, 0],
  ];
  for (const [at, value] of changes) {
    t.not(MemoryImage.of(memoryOf(new Map([...CONTENTS, [at, value]])).memory, image), image, `${value} at ${at}`);
  }
  const { memory } = memoryOf(CONTENTS);
  memory.grow(1);
  t.not(MemoryImage.of(memory, image), image, 'a longer one');
  t.end();
});
