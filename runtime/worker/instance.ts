/**
 * One instance of a component in this thread.
 *
 * Everything that a guest can change is kept as it was in the beginning, and is
 * put back before the next event, which finds the instance as if just made.
 */
import type { GuestState, MemoryState } from '../checkpoint/checkpoint.js';
import { TABLE_SPACE, FUEL_EXPORT, METER_MODULE, START_EXPORT } from '../provision/meter/added-functions.js';
import { PAGE_BYTES, TABLE_ENTRY_BYTES } from '../limits.js';
import type { Bytes, Fuel, TaskEvent } from '../task.js';
import { AbiFault } from './abi/abi-fault.js';
import { dropResource, lowerImport, type CoreFunction, type Surroundings } from './abi/canonical.js';
import type { LeaveGuard } from './abi/guest-memory.js';
import { HandlerCall, type Placed } from './abi/handler.js';
import { Handles } from './abi/handles.js';
import { OverBudget } from './abi/lift.js';
import { CoreState } from './core-state.js';
import { Gauge } from './gauge.js';
import { HostImports } from './host/imports.js';
import { link } from './link.js';
import type { Loaded } from './loaded.js';
import type { Ending } from './outcome.js';
import type { Executing, RunContext } from './run-context.js';
import { OFFER } from '../provision/suspend/suspend.js';
import { STACK_MODULE } from '../provision/suspend/unwind-stack.js';
import { Suspension, type Stillness, type Wish } from './suspension.js';
import { threadsUnwindStack } from './unwind-stack.js';

/** A run that stands still: `Instance.capture`, then `goOn` or nothing. */
export interface Still extends Stillness {
  readonly type: 'still';
}

export class Instance {
  readonly gauge: Gauge;
  readonly handles = new Handles();
  readonly #loaded: Loaded;
  readonly #host: { run: RunContext };
  readonly #guard: LeaveGuard = { mayLeave: true };
  readonly #state = new CoreState();
  readonly #handler: HandlerCall;
  /** Only where the component was prepared to be suspended. */
  readonly #suspension: Suspension | undefined;
  /** What the handler was called with. */
  #placed: Placed = [0, 0, 0, 0];
  #modules = 0;
  /** A host function was begun and not ended: the stack ran out so close that not even its end could be noted. */
  #insideHost = false;
  /** The stack ran out inside a host function. */
  #torn = false;

  /**
   * Instantiates and runs the start functions, under `run`'s limits.
   * @throws whatever the guest's start functions end with.
   */
  constructor(loaded: Loaded, run: (instance: Executing) => RunContext, sliceFuel?: Fuel) {
    this.#loaded = loaded;
    this.gauge = new Gauge(sliceFuel);
    this.#suspension = this.#suspensionOf(loaded);
    this.#host = { run: run(this) };
    const imports = new HostImports(this.#host);
    const around = this.#surroundings();
    const handler = link(loaded.plan, {
      instantiate: (name, coreImports) => this.#instantiateCore(loaded.module(name), coreImports),
      lower: (name, options) => this.#offering(name, lowerImport(imports.find(name), options, around)),
      drop: (...[resource]) => dropResource(resource, around),
      global: (global) => this.#state.addGlobal(global),
      lend: (core, value) => this.#lent(core, value),
    });
    this.#handler = new HandlerCall(handler, this.#guard);
    this.handles.keep();
  }

  #suspensionOf({ resumable }: Loaded): Suspension | undefined {
    if (resumable === undefined) return undefined;
    const of = { gauge: this.gauge, guard: this.#guard, handles: this.handles };
    return new Suspension(threadsUnwindStack(), of, resumable.core);
  }

  /** The host function that is a point of execution. */
  #offering(name: string, call: CoreFunction): CoreFunction {
    const suspension = this.#suspension;
    if (suspension === undefined || name !== OFFER) return call;
    return (progress) => {
      suspension.offer(() => void call(progress));
      return undefined;
    };
  }

  /** What another module is given of the one that is suspended. */
  #lent(core: number, value: unknown): unknown {
    const suspension = this.#suspension;
    if (suspension === undefined || core !== this.#loaded.resumable?.core || typeof value !== 'function') return value;
    return suspension.guarded(value as (...args: unknown[]) => unknown);
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
    const suspension = index === this.#loaded.resumable?.core ? this.#suspension : undefined;
    const meter = {
      slice: (counter: number) => suspension?.slice(counter) ?? this.gauge.slice(index, counter),
      hold: (counter: number) => suspension?.hold(counter) ?? this.gauge.slice(index, counter),
      grow: (space: number, count: number) => this.#mayGrow(space, count >>> 0),
      deep: () => this.gauge.stop('depth'),
    };
    // Without a prototype: what a module misses must not be looked for in that of all objects.
    const given = Object.assign(Object.create(null) as object, imports, {
      [METER_MODULE]: meter,
      [STACK_MODULE]: suspension?.imports,
    });
    const instance = new WebAssembly.Instance(module, given);
    this.gauge.add(instance.exports[FUEL_EXPORT] as WebAssembly.Global<number>);
    this.#state.add(instance.exports);
    suspension?.attach(instance.exports);
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

  /** Hands one event to the guest. @param wishes asked at each point of execution, where the component has any. */
  handle(run: RunContext, event: TaskEvent, wishes?: () => Wish): Ending | Still {
    this.#host.run = run;
    const subject = run.request.subjects === 'dotted' ? event.topic.replaceAll('/', '.') : event.topic;
    return this.#ending(run, () => {
      this.#placed = this.#handler.place(subject, event.payload);
      if (wishes !== undefined) this.#suspension?.arm(wishes);
    });
  }

  /** Goes on with a run that stands still in this instance. */
  goOn(run: RunContext): Ending | Still {
    return this.#ending(run, () => this.#rewind(this.#suspended.frames()));
  }

  /**
   * Goes on with a run that stood still in another instance. This one is as new.
   * @throws Error when the checkpoint is not one of this component's runs.
   */
  continue(run: RunContext, guest: GuestState, wishes: () => Wish): Ending | Still {
    this.#host.run = run;
    const [subject = 0, subjectLength = 0, body = 0, bodyLength = 0] = guest.args;
    const { used } = this.gauge;
    this.#state.continueFrom(guest);
    // The counters are among the globals: what they hold is for the gauge to say, whoever wrote the checkpoint.
    this.gauge.continueFrom(used);
    this.handles.continueFrom(guest.handles);
    this.#placed = [subject, subjectLength, body, bodyLength];
    this.#suspended.arm(wishes);
    return this.#ending(run, () => this.#rewind(guest.frames));
  }

  /** Everything of a run that stands still. @param before memories as they were told of: then what differs from those. */
  capture(before?: readonly MemoryState[]): GuestState {
    const { kept } = this.handles;
    if (kept === undefined) throw new Error('a run that holds handles does not stand still');
    const frames = this.#suspension?.frames() ?? new Uint8Array();
    return { args: this.#placed, handles: kept, ...this.#state.capture(before), frames };
  }

  get #suspended(): Suspension {
    if (this.#suspension === undefined) throw new Error('the component was not prepared to be suspended');
    return this.#suspension;
  }

  #rewind(frames: Uint8Array): void {
    if (!this.#suspended.rewind(frames))
      throw new Error(`${frames.length} bytes of frames are more than there is room`);
  }

  /** Calls the handler, and says how that ended. */
  #ending(run: RunContext, prepare: () => void): Ending | Still {
    try {
      prepare();
      const result = this.#handler.call(this.#placed);
      const stillness = this.#suspension?.cameToRest();
      if (stillness !== undefined) return { type: 'still', ...stillness };
      if (this.#suspension?.isRewinding === true) throw new Error('the frames of the checkpoint lead nowhere');
      this.#suspension?.disarm();
      const message = this.#handler.finish(result);
      return message === undefined ? { type: 'returned' } : { type: 'error', message };
    } catch (error) {
      const cause = this.#suspension?.causeOf(error) ?? error;
      this.#suspension?.disarm();
      if (error instanceof AbiFault) run.breakAbi(error.message);
      return { type: 'threw', error: cause };
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
