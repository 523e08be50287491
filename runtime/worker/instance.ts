/**
 * One instance of a component in this thread.
 *
 * It keeps a pristine image of everything that a guest can change, so that the
 * next event finds it as if just instantiated, at the price of a copy.
 */
import { TABLE_SPACE, FUEL_EXPORT, METER_MODULE, START_EXPORT } from '../provision/meter/added-functions.js';
import { EXPOSED } from '../provision/expose.js';
import { HANDLER } from '../provision/offered.js';
import { RESET_HOOK } from '../provision/glue.js';
import { PAGE_BYTES, TABLE_ENTRY_BYTES } from '../limits.js';
import type { Bytes, TaskEvent } from '../task.js';
import { Gauge } from './gauge.js';
import { hostImports } from './host/imports.js';
import type { Loaded } from './loaded.js';
import type { Ending } from './outcome.js';
import type { RunContext } from './run-context.js';

interface Message {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly replyTo: undefined;
}

/** What the generated code hands out: the instance's exports by interface name. */
type Handler = { readonly handleMessage: (message: Message) => void };

interface MemoryImage {
  readonly memory: WebAssembly.Memory;
  readonly view: Uint8Array;
  /** The image up to its last byte that is not 0; the rest is 0. */
  readonly image: Uint8Array;
}

interface GlobalImage {
  readonly global: WebAssembly.Global;
  readonly value: unknown;
}

export class Instance {
  readonly gauge = new Gauge();
  readonly #loaded: Loaded;
  readonly #host: { run: RunContext };
  readonly #handler: Handler;
  readonly #memories: WebAssembly.Memory[] = [];
  readonly #tables: WebAssembly.Table[] = [];
  readonly #globals: WebAssembly.Global[] = [];
  readonly #resets: (() => void)[] = [];
  readonly #memoryImages: MemoryImage[];
  readonly #globalImages: GlobalImage[];
  #modules = 0;

  /**
   * Instantiates and runs the start functions, under `run`'s limits.
   * @throws whatever the guest's start functions end with.
   */
  constructor(loaded: Loaded, run: (gauge: Gauge) => RunContext) {
    this.#loaded = loaded;
    this.#host = { run: run(this.gauge) };
    const imports = {
      ...hostImports(this.#host),
      [RESET_HOOK]: (reset: () => void) => this.#resets.push(reset),
    };
    const exports = loaded.instantiate(
      (name) => loaded.module(name),
      imports,
      (module, coreImports) => this.#instantiateCore(module, coreImports),
    );
    this.#handler = handlerOf(exports);
    this.#memoryImages = this.#memories.map(imageOf);
    this.#globalImages = this.#globals.map((global) => ({ global, value: global.value }));
  }

  #instantiateCore(module: WebAssembly.Module, imports: WebAssembly.Imports = {}): WebAssembly.Instance {
    const index = this.#modules++;
    const instance = new WebAssembly.Instance(module, {
      ...imports,
      [METER_MODULE]: {
        slice: (counter: number) => this.gauge.slice(index, counter),
        grow: (space: number, count: number) => this.#mayGrow(space, count >>> 0),
      },
    });
    this.gauge.add(instance.exports[FUEL_EXPORT] as WebAssembly.Global<number>);
    for (const [name, value] of Object.entries(instance.exports)) this.#capture(name, value);
    const start = instance.exports[START_EXPORT];
    if (typeof start === 'function') start();
    return instance;
  }

  #capture(name: string, value: WebAssembly.Extern): void {
    if (name.startsWith(EXPOSED.memory)) addOnce(this.#memories, value as WebAssembly.Memory);
    else if (name.startsWith(EXPOSED.table)) addOnce(this.#tables, value as WebAssembly.Table);
    else if (name.startsWith(EXPOSED.global)) addOnce(this.#globals, value as WebAssembly.Global);
  }

  #mayGrow(space: number, count: number): number {
    const bytes = count * (space >= TABLE_SPACE ? TABLE_ENTRY_BYTES : PAGE_BYTES);
    const { run } = this.#host;
    if (this.memoryBytes + bytes <= run.request.limits.memoryBytes) return 1;
    run.memoryRefused = true;
    return 0;
  }

  /** What its memories and tables hold now. */
  get memoryBytes(): Bytes {
    let bytes = 0;
    for (const memory of this.#memories) bytes += memory.buffer.byteLength;
    for (const table of this.#tables) bytes += table.length * TABLE_ENTRY_BYTES;
    return bytes;
  }

  /** Hands one event to the guest. */
  handle(run: RunContext, event: TaskEvent): Ending {
    this.#host.run = run;
    const subject = run.request.subjects === 'dotted' ? event.topic.replaceAll('/', '.') : event.topic;
    try {
      this.#handler.handleMessage({ subject, body: event.payload, replyTo: undefined });
      return { type: 'returned' };
    } catch (error) {
      if (error instanceof Error && Object.hasOwn(error, 'payload')) return { type: 'error', message: error.message };
      return { type: 'threw', error };
    }
  }

  /**
   * Puts everything that the last event could have changed back.
   * @returns false when that cannot be done and the instance must be thrown away.
   */
  reset(): boolean {
    if (this.#loaded.artifact.notResettable !== undefined) return false;
    for (const { memory, view } of this.#memoryImages) {
      // Growing replaced the buffer, and memory does not shrink.
      if (memory.buffer !== view.buffer) return false;
    }
    for (const { view, image } of this.#memoryImages) {
      view.set(image);
      view.fill(0, image.length);
    }
    for (const { global, value } of this.#globalImages) global.value = value;
    if (this.#host.run.usedHandles) for (const reset of this.#resets) reset();
    return true;
  }
}

function addOnce<Item>(list: Item[], item: Item): void {
  if (!list.includes(item)) list.push(item);
}

function imageOf(memory: WebAssembly.Memory): MemoryImage {
  const view = new Uint8Array(memory.buffer);
  let end = view.length;
  while (end > 0 && view[end - 1] === 0) end--;
  return { memory, view, image: view.slice(0, end) };
}

function handlerOf(exports: Readonly<Record<string, unknown>>): Handler {
  const handler = exports[HANDLER];
  if (
    typeof handler !== 'object' ||
    handler === null ||
    !('handleMessage' in handler) ||
    typeof handler.handleMessage !== 'function'
  ) {
    throw new Error(`the generated code has no ${HANDLER}`);
  }
  return handler as Handler;
}
