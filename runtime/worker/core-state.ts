/**
 * What the core modules of an instance can change: memories, tables and
 * globals. There is nothing else, so that an instance whose state is put back
 * is as new whatever happened in it: a trap leaves nothing behind either.
 */
import { EXPOSED } from '../provision/expose.js';
import { PAGE_BYTES, RUNTIME_BOUNDS, TABLE_ENTRY_BYTES } from '../limits.js';
import { CHECKPOINT_PAGE_BYTES, type GuestState, type MemoryPage, type MemoryState } from '../checkpoint/checkpoint.js';
import type { Bytes } from '../task.js';
import { MemoryImage, type Clear } from './memory-image.js';

interface CoreMemory {
  readonly memory: WebAssembly.Memory;
  readonly clear: Clear;
}

/** Everything as it was when `save` was called, apart from what the modules keep themselves. */
interface Saved {
  readonly memories: readonly SavedMemory[];
  readonly tableLengths: readonly number[];
  readonly globals: readonly number[];
}

interface SavedMemory extends CoreMemory {
  /** Of the buffer that was there: growing replaces it. */
  readonly view: Uint8Array;
  readonly image: MemoryImage;
}

export class CoreState {
  readonly #memories: CoreMemory[] = [];
  readonly #tables: WebAssembly.Table[] = [];
  /** Globals that belong to no module. */
  readonly #globals: WebAssembly.Global<number>[] = [];
  readonly #saves: (() => void)[] = [];
  readonly #restores: (() => void)[] = [];
  /** By module, what reads and writes the words of its globals. */
  readonly #words: { read: () => bigint; write: (value: bigint) => void }[][] = [];
  #saved: Saved | undefined;

  /** Adds what a module defines, as `provision/expose.ts` exported it. */
  add(exports: WebAssembly.Exports): void {
    for (let i = 0; ; i++) {
      const memory = exports[`${EXPOSED.memory}${i}`];
      if (memory === undefined) break;
      const clear = exports[`${EXPOSED.clear}${i}`];
      this.#memories.push({ memory: memory as WebAssembly.Memory, clear: clear as Clear });
    }
    for (let i = 0; ; i++) {
      const table = exports[`${EXPOSED.table}${i}`];
      if (table === undefined) break;
      this.#tables.push(table as WebAssembly.Table);
    }
    const words = [];
    for (let i = 0; ; i++) {
      const read = exports[`${EXPOSED.read}${i}`] as (() => bigint) | undefined;
      const write = exports[`${EXPOSED.write}${i}`] as ((value: bigint) => void) | undefined;
      if (read === undefined || write === undefined) break;
      words.push({ read, write });
    }
    this.#words.push(words);
    const { [EXPOSED.save]: save, [EXPOSED.restore]: restore } = exports;
    if (save === undefined || restore === undefined) return;
    this.#saves.push(save as () => void);
    this.#restores.push(restore as () => void);
  }

  addGlobal(global: WebAssembly.Global<number>): void {
    this.#globals.push(global);
  }

  /** What memories and tables hold now. */
  get bytes(): Bytes {
    let bytes = 0;
    for (const { memory } of this.#memories) bytes += memory.buffer.byteLength;
    for (const table of this.#tables) bytes += table.length * TABLE_ENTRY_BYTES;
    return bytes;
  }

  /**
   * Keeps everything as it is now. Once only.
   * @param known images that the memories of another instance of the same component had.
   * @returns the images of these memories, or undefined when so much is not kept.
   */
  save(known: readonly MemoryImage[] | undefined): readonly MemoryImage[] | undefined {
    const tableLengths = this.#tables.map(({ length }) => length);
    if (tableLengths.some((length) => length > RUNTIME_BOUNDS.savedTableEntries)) return undefined;
    for (const save of this.#saves) save();
    const memories = this.#memories.map(({ memory, clear }, i): SavedMemory => {
      return { memory, clear, view: new Uint8Array(memory.buffer), image: MemoryImage.of(memory, known?.[i]) };
    });
    this.#saved = { memories, tableLengths, globals: this.#globals.map(({ value }) => value) };
    return memories.map(({ image }) => image);
  }

  get isSaved(): boolean {
    return this.#saved !== undefined;
  }

  /**
   * Everything that differs from what was saved, where nothing but the module's own code can read it.
   * @param before memories as an earlier call told of them: then pages that differ from those.
   */
  capture(before?: readonly MemoryState[]): Pick<GuestState, 'memories' | 'globals' | 'shared'> {
    const saved = this.#saved;
    if (saved === undefined) throw new Error('an instance that was not saved has nothing to differ from');
    return {
      memories: saved.memories.map(({ memory, image }, i) => {
        return { length: memory.buffer.byteLength, pages: image.differences(memory, before?.[i]?.pages) };
      }),
      globals: this.#words.map((words) => words.map(({ read }) => BigInt.asUintN(64, read()))),
      shared: this.#globals.map(({ value }) => value),
    };
  }

  /**
   * Makes of a new instance what another was when it was captured.
   * @throws Error naming what does not fit.
   */
  continueFrom({ memories, globals, shared }: Pick<GuestState, 'memories' | 'globals' | 'shared'>): void {
    refuseUnless(memories.length === this.#memories.length, 'memories');
    refuseUnless(shared.length === this.#globals.length, 'shared globals');
    refuseUnless(globals.length === this.#words.length, 'modules');
    for (const [i, words] of this.#words.entries()) refuseUnless(globals[i]?.length === words.length, 'globals');
    for (const [i, { length, pages }] of memories.entries()) putPages(this.#memories[i]?.memory, length, pages);
    for (const [i, words] of this.#words.entries()) {
      for (const [j, { write }] of words.entries()) write(globals[i]?.[j] ?? 0n);
    }
    for (const [i, value] of shared.entries()) (this.#globals[i] as WebAssembly.Global<number>).value = value;
  }

  /** Puts everything back. @returns false when it cannot: memories and tables do not shrink, or nothing was saved. */
  restore(): boolean {
    const saved = this.#saved;
    if (saved === undefined || this.#hasGrown(saved)) return false;
    for (const restore of this.#restores) restore();
    for (const { view, image, clear } of saved.memories) image.putBack(view, clear);
    for (let i = 0; i < this.#globals.length; i++) {
      (this.#globals[i] as WebAssembly.Global<number>).value = saved.globals[i] as number;
    }
    return true;
  }

  #hasGrown({ memories, tableLengths }: Saved): boolean {
    for (const { memory, view } of memories) if (memory.buffer !== view.buffer) return true;
    for (let i = 0; i < tableLengths.length; i++) if (this.#tables[i]?.length !== tableLengths[i]) return true;
    return false;
  }
}

function refuseUnless(fits: boolean, what: string): void {
  if (!fits) throw new Error(`the checkpoint has other ${what} than the component`);
}

/** @throws Error when the memory cannot be made as long, or a page lies behind its end. */
function putPages(memory: WebAssembly.Memory | undefined, length: Bytes, pages: readonly MemoryPage[]): void {
  if (memory === undefined) return;
  const missing = (length - memory.buffer.byteLength) / PAGE_BYTES;
  refuseUnless(missing >= 0, 'lengths of memory');
  if (missing > 0) memory.grow(missing);
  const bytes = new Uint8Array(memory.buffer);
  for (const { index, bytes: contents } of pages) if (contents) bytes.set(contents, index * CHECKPOINT_PAGE_BYTES);
}
