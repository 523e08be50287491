/**
 * The one place in tests and benchmarks that knows what metering adds to a
 * module: its imports, its exports, and how the host refills the counter.
 */
import { meter } from '../../../runtime/provision/meter/meter.js';

const METER_MODULE = 'sterna:meter';
const RESERVED = /^sterna:/;
const FUEL = 'sterna:fuel';
const START = 'sterna:start';

/** What `slice` answers to end the run by a trap. */
const END = -1;

export interface Budget {
  /** What the host grants at a time. */
  readonly slice?: number;
  /** When this is used up, the run is ended at its next look. */
  readonly limit?: number;
  /** Whether a memory or a table may grow by this much. */
  readonly mayGrow?: (space: number, count: number) => boolean;
}

/** So much that most runs never ask for more. */
const PLENTY = 2_000_000_000;

/** A module as `meter` writes it, with its handlers for exceptions taken into account if it has any. */
export function metered(module: Uint8Array): Uint8Array {
  const first = meter(module, { exceptions: false });
  return first.catches ? meter(module, { exceptions: true }).module : first.module;
}

/** Whether a module has handlers: then what leaves a function by an exception is charged exactly as well. */
export function catches(module: Uint8Array): boolean {
  return meter(module, { exceptions: false }).catches;
}

/** The imports that a metered module asks for, of a host that refills without end. */
export function endlessMeter(sliceFuel: number): WebAssembly.Imports {
  return { [METER_MODULE]: { slice: () => sliceFuel, grow: () => 1, deep: () => undefined } };
}

/** Runs the start function of an instance made with `endlessMeter`. */
export function startOf(exports: WebAssembly.Exports): void {
  const start = exports[START] as (() => void) | undefined;
  start?.();
}

/** An instance of a metered module, and the account of what it used. */
export class MeteredInstance {
  readonly exports: WebAssembly.Exports;
  readonly #fuel: WebAssembly.Global<number>;
  readonly #budget: Required<Budget>;
  #granted: number;
  #slices = 0;
  #ended = false;
  #tooDeep = false;

  constructor(module: WebAssembly.Module, imports: WebAssembly.Imports = {}, budget: Budget = {}) {
    const limit = budget.limit ?? PLENTY;
    this.#budget = { slice: Math.min(budget.slice ?? PLENTY, limit), limit, mayGrow: budget.mayGrow ?? (() => true) };
    const { exports } = new WebAssembly.Instance(module, { ...imports, [METER_MODULE]: this.#hooks() });
    this.exports = Object.fromEntries(Object.entries(exports).filter(([name]) => !RESERVED.test(name)));
    this.#fuel = exports[FUEL] as WebAssembly.Global<number>;
    this.#granted = this.#budget.slice;
    this.#fuel.value = this.#granted;
    this.start = (): void => startOf(exports);
  }

  /** Runs what was the start function, if there was one. */
  readonly start: () => void;

  #hooks(): Readonly<Record<string, unknown>> {
    return {
      slice: (counter: number) => this.#refill(counter),
      grow: (space: number, count: number) => (this.#budget.mayGrow(space, count >>> 0) ? 1 : 0),
      deep: () => {
        this.#tooDeep = true;
      },
    };
  }

  #refill(counter: number): number {
    this.#slices++;
    const left = this.#budget.limit - (this.#granted - counter);
    if (left < 0) {
      this.#ended = true;
      this.#fuel.value = counter;
      return END;
    }
    const next = Math.min(this.#budget.slice, left);
    this.#granted += next - counter;
    return next;
  }

  /** After a run that completed: what it executed. After a trap of the engine: at least that. */
  get used(): number {
    return this.#granted - this.#fuel.value;
  }

  /** All that was granted: no run can have used more than this and its last stretch. */
  get granted(): number {
    return this.#granted;
  }

  /** How often the host was asked for more. */
  get slices(): number {
    return this.#slices;
  }

  /** Calls nested deeper than the host allows, and the run ended by it. */
  get tooDeep(): boolean {
    return this.#tooDeep;
  }

  /** The limit was reached, and the run ended by it. */
  get outOfFuel(): boolean {
    return this.#ended;
  }
}
