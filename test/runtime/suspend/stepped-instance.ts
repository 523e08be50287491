/**
 * A core module that is suspended at every slice's end: everything that it
 * keeps is taken away while it stands still, and given back before it goes on.
 */
import { asyncify } from '../../../runtime/provision/suspend/asyncify.js';
import type { Points } from '../../../runtime/provision/suspend/points.js';
import { EXPOSED, expose } from '../../../runtime/provision/expose.js';
import { meter } from '../../../runtime/provision/meter/meter.js';
import { Handles } from '../../../runtime/worker/abi/handles.js';
import { Gauge } from '../../../runtime/worker/gauge.js';
import { Suspension, type Wish } from '../../../runtime/worker/suspension.js';
import { UnwindStack } from '../../../runtime/worker/unwind-stack.js';

const FUEL = 'sterna:fuel';
const START = 'sterna:start';
const WATCH = { now: () => 0, cancelled: () => false, sliceEnded: () => undefined };

/** A module as it is prepared to be suspended. */
export async function suspendable(module: Uint8Array, points: Points = 'all'): Promise<Uint8Array> {
  const metered = meter(module, { exceptions: false, points }).module;
  const rewritten = await asyncify(metered, [['sterna:meter', 'slice']]);
  return expose(rewritten, { tables: false, globals: true });
}

type Call = (...args: unknown[]) => unknown;

const stack = new UnwindStack();

export interface SteppedOptions {
  /** What is imported besides. */
  readonly imports?: WebAssembly.Imports;
  readonly sliceFuel: number;
  /** At each point, by its number; default: it goes on. */
  readonly wish?: (point: number) => Wish;
  /** Told when it stands still, before anything is done with what it keeps. */
  readonly onStill?: () => void;
}

export class SteppedInstance {
  /** The module's own exports; its functions can be called as ever. */
  readonly exports: WebAssembly.Exports;
  /** What those call. */
  readonly behind: WebAssembly.Exports;
  readonly #gauge: Gauge;
  readonly #suspension: Suspension;
  readonly #wish: () => Wish;
  readonly #onStill: () => void;
  #depth = 0;
  stops = 0;

  constructor(module: WebAssembly.Module, options: SteppedOptions) {
    const { imports = {}, sliceFuel, wish = () => 'go-on', onStill = () => undefined } = options;
    this.#gauge = new Gauge(sliceFuel);
    this.#suspension = new Suspension(
      stack,
      { gauge: this.#gauge, guard: { mayLeave: true }, handles: new Handles() },
      0,
    );
    this.#onStill = onStill;
    let point = 0;
    this.#wish = () => wish(point++);
    const hooks = {
      slice: (counter: number) => this.#suspension.slice(counter),
      hold: (counter: number) => this.#suspension.hold(counter),
      grow: () => 1,
      deep: () => undefined,
    };
    const given = { ...imports, 'sterna:meter': hooks, 'sterna:stack': this.#suspension.imports };
    this.behind = new WebAssembly.Instance(module, given).exports;
    this.#gauge.add(this.behind[FUEL] as WebAssembly.Global<number>);
    this.#gauge.begin(1e15, Infinity, WATCH);
    this.#suspension.attach(this.behind);
    const own = Object.entries(this.behind).filter(([name]) => !/^(sterna:|asyncify_)/.test(name));
    const wrapped = new Map<unknown, Call>();
    this.exports = Object.fromEntries(
      own.map(([name, value]) => {
        if (typeof value !== 'function') return [name, value];
        const known = wrapped.get(value) ?? this.#stepped(value as Call);
        wrapped.set(value, known);
        return [name, known as never];
      }),
    );
  }

  /** Runs what was the start function, which is never suspended. */
  start(): void {
    (this.behind[START] as Call | undefined)?.();
  }

  get used(): number {
    return this.#gauge.used;
  }

  /** What a metered instance tells as well: there is no limit. */
  readonly outOfFuel = false;

  #stepped(call: Call): Call {
    const inner = this.#suspension.guarded(call);
    return (...args) => {
      // The host calls back: its own frames lie between.
      if (this.#depth > 0) return inner(...args);
      this.#depth++;
      this.#suspension.arm(this.#wish);
      try {
        for (let answer = call(...args); ; answer = call(...args)) {
          if (this.#suspension.cameToRest() === undefined) return answer;
          this.stops++;
          this.#onStill();
          this.#takeAwayAndGiveBack();
        }
      } finally {
        this.#suspension.disarm();
        this.#depth--;
      }
    };
  }

  #takeAwayAndGiveBack(): void {
    const frames = this.#suspension.frames();
    const words: [write: Call, value: bigint][] = [];
    for (let i = 0; ; i++) {
      const read = this.behind[`${EXPOSED.read}${i}`] as Call | undefined;
      if (read === undefined) break;
      words.push([this.behind[`${EXPOSED.write}${i}`] as Call, read() as bigint]);
    }
    const memory = this.behind[`${EXPOSED.memory}0`] as WebAssembly.Memory | undefined;
    const bytes = memory === undefined ? undefined : new Uint8Array(memory.buffer);
    const kept = bytes?.slice();
    bytes?.fill(0xaa);
    stack.put(new Uint8Array(frames.length).fill(0xaa));
    bytes?.set(kept ?? new Uint8Array());
    for (const [write, value] of words) write(value);
    this.#suspension.rewind(frames);
  }
}
