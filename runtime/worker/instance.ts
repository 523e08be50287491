/**
 * One instance of a component in this thread.
 *
 * It keeps a pristine image of everything that a guest can change, so that the
 * next event finds it as if just instantiated, at the price of a copy.
 */
import { TABLE_SPACE, FUEL_EXPORT, METER_MODULE, START_EXPORT } from '../provision/meter/added-functions.js';
import { EXPOSED } from '../provision/expose.js';
import { HOST_HOOKS } from '../provision/glue.js';
import { PAGE_BYTES, TABLE_ENTRY_BYTES } from '../limits.js';
import type { Bytes, TaskEvent } from '../task.js';
import { Handles, lowerImport, type Surroundings } from './abi/canonical.js';
import { AbiFault, type CanonicalOptions } from './abi/guest-memory.js';
import { HandlerCall, type HandlerExport } from './abi/handler.js';
import { OverBudget } from './abi/lift.js';
import { Gauge } from './gauge.js';
import { HostImports } from './host/imports.js';
import type { Loaded } from './loaded.js';
import type { Ending } from './outcome.js';
import type { Executing, RunContext } from './run-context.js';

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
  readonly handles = new Handles();
  readonly #loaded: Loaded;
  readonly #host: { run: RunContext };
  #handler: HandlerCall | undefined;
  readonly #memories: WebAssembly.Memory[] = [];
  readonly #tables: WebAssembly.Table[] = [];
  readonly #globals: WebAssembly.Global[] = [];
  readonly #memoryImages: MemoryImage[];
  readonly #globalImages: GlobalImage[];
  #modules = 0;

  /**
   * Instantiates and runs the start functions, under `run`'s limits.
   * @throws whatever the guest's start functions end with.
   */
  constructor(loaded: Loaded, run: (instance: Executing) => RunContext) {
    this.#loaded = loaded;
    this.#host = { run: run(this) };
    const imports = new HostImports(this.#host);
    const around = this.#surroundings();
    const hooks: HostHooks = {
      lower: (name, options) => lowerImport(imports.find(name), options, around),
      lift: (handler) => (this.#handler = new HandlerCall(handler, around.guard)),
      drop: (handle) => this.handles.remove(handle),
    };
    loaded.instantiate(
      (name) => loaded.module(name),
      unusedImports({ [HOST_HOOKS]: hooks }),
      (module, coreImports) => this.#instantiateCore(module, coreImports),
    );
    this.#memoryImages = this.#memories.map(imageOf);
    this.#globalImages = this.#globals.map((global) => ({ global, value: global.value }));
  }

  /** What host calls ask: time is measured, and a fault ends the run even if the guest catches it. */
  #surroundings(): Surroundings {
    const host = this.#host;
    let from = 0;
    return {
      handles: this.handles,
      guard: { mayLeave: true },
      limits: () => host.run.request.limits,
      enter: () => {
        from = performance.now();
      },
      leave: () => {
        host.run.hostMs += performance.now() - from;
      },
      fault: (error) => {
        if (error instanceof AbiFault) host.run.breakAbi(error.message);
        if (error instanceof OverBudget) host.run.overOutput(error.message);
        throw error;
      },
    };
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
    if (this.#handler === undefined) throw new Error('the generated code handed out no handler');
    const subject = run.request.subjects === 'dotted' ? event.topic.replaceAll('/', '.') : event.topic;
    try {
      const message = this.#handler.handle(subject, event.payload);
      return message === undefined ? { type: 'returned' } : { type: 'error', message };
    } catch (error) {
      if (error instanceof AbiFault) run.breakAbi(error.message);
      return { type: 'threw', error };
    }
  }

  /**
   * Puts everything that the last event could have changed back.
   * @returns false when that cannot be done and the instance must be thrown away.
   */
  reset(): boolean {
    if (!this.#loaded.resettable) return false;
    for (const { memory, view } of this.#memoryImages) {
      // Growing replaced the buffer, and memory does not shrink.
      if (memory.buffer !== view.buffer) return false;
    }
    for (const { view, image } of this.#memoryImages) {
      view.set(image);
      view.fill(0, image.length);
    }
    for (const { global, value } of this.#globalImages) global.value = value;
    this.handles.reset();
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

/** What the adapted code calls: see `provision/glue.ts`. */
interface HostHooks {
  lower(name: string, options: CanonicalOptions): unknown;
  lift(handler: HandlerExport): void;
  drop(handle: number): void;
}

/** The generated code checks that every function it would call is there, and then calls ours instead. */
function unusedImports(hooks: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const anything = new Proxy({}, { get: () => () => undefined });
  return new Proxy(hooks, { get: (target, name: string) => target[name] ?? anything });
}
