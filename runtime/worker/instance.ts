/**
 * One instance of a component in this thread.
 *
 * Everything that a guest can change is kept as it was in the beginning, and is
 * put back before the next event, which finds the instance as if just made.
 */
import { TABLE_SPACE, FUEL_EXPORT, METER_MODULE, START_EXPORT } from '../provision/meter/added-functions.js';
import { PAGE_BYTES, TABLE_ENTRY_BYTES } from '../limits.js';
import type { Bytes, TaskEvent } from '../task.js';
import { AbiFault } from './abi/abi-fault.js';
import { dropResource, lowerImport, type Surroundings } from './abi/canonical.js';
import type { LeaveGuard } from './abi/guest-memory.js';
import { HandlerCall } from './abi/handler.js';
import { Handles } from './abi/handles.js';
import { OverBudget } from './abi/lift.js';
import { CoreState } from './core-state.js';
import { Gauge } from './gauge.js';
import { HostImports } from './host/imports.js';
import { link } from './link.js';
import type { Loaded } from './loaded.js';
import type { Ending } from './outcome.js';
import type { Executing, RunContext } from './run-context.js';

export class Instance {
  readonly gauge = new Gauge();
  readonly handles = new Handles();
  readonly #loaded: Loaded;
  readonly #host: { run: RunContext };
  readonly #guard: LeaveGuard = { mayLeave: true };
  readonly #state = new CoreState();
  readonly #handler: HandlerCall;
  #modules = 0;
  /** A host function was begun and not ended: the stack ran out so close that not even its end could be noted. */
  #insideHost = false;
  /** The stack ran out inside a host function. */
  #torn = false;

  /**
   * Instantiates and runs the start functions, under `run`'s limits.
   * @throws whatever the guest's start functions end with.
   */
  constructor(loaded: Loaded, run: (instance: Executing) => RunContext) {
    this.#loaded = loaded;
    this.#host = { run: run(this) };
    const imports = new HostImports(this.#host);
    const around = this.#surroundings();
    const handler = link(loaded.plan, {
      instantiate: (name, coreImports) => this.#instantiateCore(loaded.module(name), coreImports),
      lower: (name, options) => lowerImport(imports.find(name), options, around),
      drop: (...[resource]) => dropResource(resource, around),
      global: (global) => this.#state.addGlobal(global),
    });
    this.#handler = new HandlerCall(handler, this.#guard);
    this.handles.keep();
  }

  /** What host calls ask: time is measured, and a fault ends the run even if the guest catches it. */
  #surroundings(): Surroundings {
    const host = this.#host;
    let from = 0;
    return {
      handles: this.handles,
      guard: this.#guard,
      limits: () => host.run.request.limits,
      enter: () => {
        this.#insideHost = true;
        from = performance.now();
      },
      leave: () => {
        host.run.hostMs += performance.now() - from;
        this.#insideHost = false;
      },
      fault: (error) => {
        if (error instanceof RangeError) this.#torn = true;
        if (error instanceof AbiFault) host.run.breakAbi(error.message);
        if (error instanceof OverBudget) host.run.overOutput(error.message);
        throw error;
      },
    };
  }

  #instantiateCore(module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Instance {
    const index = this.#modules++;
    const meter = {
      slice: (counter: number) => this.gauge.slice(index, counter),
      grow: (space: number, count: number) => this.#mayGrow(space, count >>> 0),
      deep: () => this.gauge.stop('depth'),
    };
    // Without a prototype: what a module misses must not be looked for in that of all objects.
    const given = Object.assign(Object.create(null) as object, imports, { [METER_MODULE]: meter });
    const instance = new WebAssembly.Instance(module, given);
    this.gauge.add(instance.exports[FUEL_EXPORT] as WebAssembly.Global<number>);
    this.#state.add(instance.exports);
    const start = instance.exports[START_EXPORT];
    if (typeof start === 'function') start();
    return instance;
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
    return this.#state.bytes;
  }

  /** Hands one event to the guest. */
  handle(run: RunContext, event: TaskEvent): Ending {
    this.#host.run = run;
    const subject = run.request.subjects === 'dotted' ? event.topic.replaceAll('/', '.') : event.topic;
    try {
      const message = this.#handler.handle(subject, event.payload);
      return message === undefined ? { type: 'returned' } : { type: 'error', message };
    } catch (error) {
      if (error instanceof AbiFault) run.breakAbi(error.message);
      return { type: 'threw', error };
    }
  }

  /** Keeps everything as it is, for `reset`: once, before the first event. It takes time and memory by what there is. */
  save(): void {
    this.#loaded.images = this.#state.save(this.#loaded.images) ?? this.#loaded.images;
  }

  /** Whether it may be put back. */
  get isSaved(): boolean {
    return this.#state.isSaved;
  }

  /**
   * Puts everything that the last event could have changed back, however it ended.
   * @returns false when that cannot be done and the instance must be thrown away.
   */
  reset(): boolean {
    if (this.#cutShort || !this.#state.restore()) return false;
    this.handles.reset();
    this.#guard.mayLeave = true;
    return true;
  }

  /**
   * Ends what lives as long as an event: handles of what was granted. Memory stays as it is.
   * @returns false when the instance must be thrown away.
   */
  endEvent(): boolean {
    if (this.#cutShort) return false;
    this.handles.endRun();
    this.#guard.mayLeave = true;
    return true;
  }

  /** An exhausted stack cuts host functions anywhere, and what they were writing with them. */
  get #cutShort(): boolean {
    return this.#torn || this.#insideHost;
  }
}
