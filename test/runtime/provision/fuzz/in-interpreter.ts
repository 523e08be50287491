/** Runs a random module in the reference interpreter, and notes what can be seen of it. */
import { ReferenceInstance, type Imported } from '../reference/interpreter.js';
import { Thrown, Unfinished, type Callable, type Cell, type Table } from '../reference/structures.js';
import type { FunctionType } from '../reference/decoded-module.js';
import type { ValueType } from '../reference/operations.js';
import { Trap, type Value } from '../reference/single-operations.js';
import { calls, importedValue, isReadable, memoryText, reentrant, SOME_EXCEPTION, thrownText } from './in-engine.js';
import { EXPORT, type Plan } from './plan.js';
import type { Ending, Ran } from './ran.js';
import { HostFault, World } from './world.js';

const floats = new DataView(new ArrayBuffer(8));

/** From bits to what JavaScript would see. */
function toHost(type: ValueType, value: Value): unknown {
  if (type === 'I') return BigInt.asIntN(64, value as bigint);
  if (type === 'f') {
    floats.setInt32(0, value as number);
    return floats.getFloat32(0);
  }
  if (type === 'F') {
    floats.setBigUint64(0, value as bigint);
    return floats.getFloat64(0);
  }
  return value;
}

/** From what JavaScript gives to bits. */
function fromHost(type: ValueType, value: unknown): Value {
  if (type === 'I') return BigInt.asUintN(64, value as bigint);
  if (type === 'f') {
    floats.setFloat32(0, value as number);
    return floats.getInt32(0);
  }
  if (type === 'F') {
    floats.setFloat64(0, value as number);
    return floats.getBigUint64(0);
  }
  return value as Value;
}

export class InInterpreter {
  readonly #plan: Plan;
  readonly #seed: number;
  readonly #world: World;
  readonly #outcomes: string[] = [];
  readonly #fuel: number[] = [];
  readonly #instance: ReferenceInstance;
  #ready = false;
  #ending: Ending = 'completed';

  constructor(bytes: Uint8Array, plan: Plan, seed: number) {
    this.#plan = plan;
    this.#seed = seed;
    this.#world = new World(seed, (reference) => (this.#ready ? `f${(reference as Callable).index}` : 'a function'));
    this.#instance = new ReferenceInstance(bytes, this.#imports());
  }

  /** The names of the instructions that have been executed. */
  get executed(): ReadonlySet<string> {
    return this.#instance.executed;
  }

  run(): Ran {
    this.#attempt('instantiated', () => {
      // Until the start function has run, JavaScript has no exports to call back.
      this.#instance.initialise();
      this.#ready = true;
      return 'done';
    });
    for (const { index, args } of calls(this.#plan, this.#seed)) {
      if (!this.#ready || this.#ending === 'trapped' || this.#ending === 'unfinished') break;
      this.#attempt(`${EXPORT.function}${index}`, () => this.#invoke(index, args));
    }
    const { outcomes, fuel, ending } = { outcomes: this.#outcomes, fuel: this.#fuel, ending: this.#ending };
    return { outcomes, fuel, ending, trace: this.#world.trace, state: this.#ready ? this.#state() : [] };
  }

  #invoke(index: number, args: readonly unknown[]): string {
    const { params, results } = this.#plan.functions[index] as FunctionType;
    const values = args.map((arg, i) => fromHost(params[i] as ValueType, arg));
    const answer = this.#instance.call(this.#instance.functions[index] as Callable, values);
    return answer.map((value, i) => this.#describe(results[i] as ValueType, value)).join();
  }

  #describe(type: ValueType, value: Value): string {
    return this.#world.describe(type, toHost(type, value));
  }

  #attempt(what: string, act: () => string): void {
    try {
      this.#outcomes.push(`${what}: ${act()}`);
      this.#ending = 'completed';
    } catch (error) {
      if (error instanceof Unfinished) this.#ending = 'unfinished';
      else if (error instanceof Trap) this.#ending = 'trapped';
      else if (error instanceof Thrown || error instanceof HostFault) this.#ending = 'threw';
      else throw error;
      this.#outcomes.push(`${what}: ${this.#endingText(error)}`);
    }
    this.#fuel.push(this.#instance.used);
  }

  #endingText(error: Error): string {
    if (!(error instanceof Thrown)) return error.message;
    const index = this.#plan.tags.findIndex((_, i) => this.#instance.tag(i) === error.tag);
    const { params } = error.tag.type;
    if (!this.#ready || !params.every(isReadable)) return SOME_EXCEPTION;
    return thrownText(
      index,
      params.map((type, i) => this.#describe(type, error.values[i] as Value)),
    );
  }

  #imports(): Record<string, Imported> {
    const plan = this.#plan;
    const imports: Record<string, Imported> = {};
    for (const [index, type] of plan.imported.entries()) {
      imports[`${EXPORT.function}${index}`] = (args) => {
        const crossed = args.map((arg, i) => toHost(type.params[i] as ValueType, arg));
        const results = this.#world.call(index, type, crossed, this.#reenter());
        return results.map((result, i) => fromHost(type.results[i] as ValueType, result));
      };
    }
    for (const [i, { element, min, max }] of plan.tables.entries()) {
      const table: Table = { element, max, entries: Array.from({ length: min }, () => null) };
      imports[`${EXPORT.table}${i}`] = table;
    }
    if (plan.memory !== undefined) {
      const { min, max } = plan.memory;
      imports[`${EXPORT.memory}0`] = new WebAssembly.Memory({ initial: min, maximum: max });
    }
    for (const [i, { type, mutable, imported }] of plan.globals.entries()) {
      if (!imported) continue;
      const cell: Cell = { type, mutable, value: fromHost(type, importedValue(type)) };
      imports[`${EXPORT.global}${i}`] = cell;
    }
    for (let i = 0; i < plan.importedTags; i++) imports[`${EXPORT.tag}${i}`] = { type: plan.tags[i] as FunctionType };
    return imports;
  }

  #reenter(): (() => string) | undefined {
    const index = reentrant(this.#plan);
    if (index < 0 || !this.#ready) return undefined;
    return () => {
      try {
        return `f${index} again: ${this.#invoke(index, [])}`;
      } catch (error) {
        if (error instanceof HostFault || error instanceof Thrown) return `f${index} again: ${this.#endingText(error)}`;
        throw error;
      }
    };
  }

  /** In the order in which the module exports. */
  #state(): string[] {
    const instance = this.#instance;
    const lines: string[] = [];
    for (const { name, kind, index } of instance.module.exports) {
      if (kind === 1) {
        const { element, entries } = instance.tables[index] as Table;
        lines.push(`${name}: ${entries.map((entry) => this.#describe(element, entry)).join()}`);
      } else if (kind === 2) {
        lines.push(`${name}: ${memoryText(instance.memories[index] as WebAssembly.Memory)}`);
      } else if (kind === 3) {
        const { type, value } = instance.globals[index] as Cell;
        lines.push(`${name}: ${this.#describe(type, value)}`);
      } else if (name.startsWith(EXPORT.vector)) {
        const global = instance.globals[Number(name.slice(1))] as Cell;
        lines.push(`${name}: ${(global.value as readonly bigint[]).join()}`);
      }
    }
    return lines;
  }
}
