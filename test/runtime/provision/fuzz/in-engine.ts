/** Runs a random module in the engine, as it came or metered, and notes what can be seen of it. */
import { createHash } from 'node:crypto';
import type { Budget } from '../metered-module.js';
import { MeteredInstance } from '../metered-module.js';
import type { FunctionType } from '../reference/decoded-module.js';
import type { ValueType } from '../reference/operations.js';
import { HOST_MODULE } from './generate-module.js';
import { EXPORT, type Plan } from './plan.js';
import type { Ending, Ran } from './ran.js';
import { argumentsFor, HostFault, World } from './world.js';

type Call = (...args: unknown[]) => unknown;

/** What the JavaScript interface has beyond what the runtime uses. */
const { Table, Tag, Exception } = WebAssembly as unknown as {
  readonly Table: new (descriptor: object, value: null) => WebAssembly.Table;
  readonly Tag: new (descriptor: { parameters: string[] }) => object;
  readonly Exception: new (...args: never[]) => ThrownByGuest;
};

interface ThrownByGuest extends Error {
  is(tag: unknown): boolean;
  getArg(tag: unknown, index: number): unknown;
}

const JS_TYPES: Readonly<Record<ValueType, string>> = {
  i: 'i32',
  I: 'i64',
  f: 'f32',
  F: 'f64',
  v: 'v128',
  r: 'anyfunc',
  e: 'externref',
};

/** Which exports are called, in this order, and with what. */
export function calls(plan: Plan, seed: number): { readonly index: number; readonly args: unknown[] }[] {
  const own = [...plan.functions.entries()].filter(([index, type]) => index >= plan.imported.length && crosses(type));
  return own.slice(-3).map(([index, type]) => ({ index, args: argumentsFor(type, seed + index) }));
}

function crosses({ params, results }: FunctionType): boolean {
  return ![...params, ...results].includes('v');
}

/** An exported function that the host may call back: one that takes nothing. */
export function reentrant(plan: Plan): number {
  return plan.functions.findIndex((type, i) => i >= plan.imported.length && type.params.length === 0 && crosses(type));
}

/** The initial value of what is imported. */
export function importedValue(type: ValueType): number | bigint {
  return type === 'I' ? 12_345_678_901n : type === 'i' ? 99 : 2.5;
}

/** What is left over of an instance, from which fuel is read, if it counts any. */
interface Started {
  readonly exports: WebAssembly.Exports;
  readonly account: Account | undefined;
  /** The functions behind the exports, where those stand for others. */
  readonly behind?: WebAssembly.Exports;
}

/** What counts the fuel of an instance. */
export type Account = Pick<MeteredInstance, 'used' | 'outOfFuel'>;

export class InEngine {
  readonly #plan: Plan;
  readonly #seed: number;
  readonly #world: World;
  readonly #outcomes: string[] = [];
  readonly #fuel: number[] = [];
  readonly #names = new Map<unknown, string>();
  #started: Started | undefined;
  /** The start function has run: until then JavaScript has no exports to call back. */
  #ready = false;
  #ending: Ending = 'completed';

  constructor(plan: Plan, seed: number) {
    this.#plan = plan;
    this.#seed = seed;
    this.#world = new World(seed, (reference) =>
      this.#ready ? (this.#names.get(reference) ?? 'another') : 'a function',
    );
  }

  /** The module as it came: nothing is counted. */
  run(module: WebAssembly.Module): Ran {
    this.#attempt('instantiated', () => {
      this.#take({ exports: new WebAssembly.Instance(module, this.#imports()).exports, account: undefined });
      this.#ready = true;
    });
    return this.#rest();
  }

  /** The module metered, under a budget. */
  runMetered(module: WebAssembly.Module, budget: Budget): Ran & { readonly account: MeteredInstance | undefined } {
    this.#attempt('instantiated', () => {
      const account = new MeteredInstance(module, this.#imports(), budget);
      this.#take({ exports: account.exports, account });
      account.start();
      this.#ready = true;
    });
    return { ...this.#rest(), account: this.#started?.account as MeteredInstance | undefined };
  }

  /** The module in an instance of another kind. @param make from the imports. */
  runIn(make: (imports: WebAssembly.Imports) => Account & Omit<Required<Started>, 'account'> & { start(): void }): Ran {
    this.#attempt('instantiated', () => {
      const account = make(this.#imports());
      this.#take({ exports: account.exports, account, behind: account.behind });
      account.start();
      this.#ready = true;
    });
    return this.#rest();
  }

  #take(started: Started): void {
    this.#started = started;
    for (const index of this.#plan.functions.keys()) {
      const name = `${EXPORT.function}${index}`;
      this.#names.set((started.behind ?? started.exports)[name], name);
    }
  }

  #rest(): Ran {
    for (const { index, args } of calls(this.#plan, this.#seed)) {
      if (!this.#ready || this.#ending === 'trapped' || this.#ending === 'out-of-fuel') break;
      const name = `${EXPORT.function}${index}`;
      this.#attempt(name, () => this.#invoke(name, index, args));
    }
    return {
      outcomes: this.#outcomes,
      fuel: this.#fuel,
      trace: this.#world.trace,
      state: this.#ready && this.#started !== undefined ? this.#state(this.#started.exports) : [],
      ending: this.#ending,
    };
  }

  #invoke(name: string, index: number, args: readonly unknown[]): string {
    const { exports } = this.#started as Started;
    const answer = (exports[name] as unknown as Call)(...args);
    const { results } = this.#plan.functions[index] as FunctionType;
    const values = results.length > 1 ? (answer as unknown[]) : results.length === 1 ? [answer] : [];
    return values.map((value, i) => this.#world.describe(results[i] as ValueType, value)).join();
  }

  #attempt(what: string, act: () => string | void): void {
    try {
      this.#outcomes.push(`${what}: ${act() ?? 'done'}`);
      this.#ending = 'completed';
    } catch (error) {
      this.#outcomes.push(`${what}: ${this.#endingText(error)}`);
      this.#ending = error instanceof HostFault || error instanceof Exception ? 'threw' : 'trapped';
      if (this.#started?.account?.outOfFuel === true) this.#ending = 'out-of-fuel';
    }
    this.#fuel.push(this.#started?.account?.used ?? 0);
  }

  #imports(): WebAssembly.Imports {
    const plan = this.#plan;
    const imports: Record<string, unknown> = {};
    for (const [index, type] of plan.imported.entries()) {
      imports[`${EXPORT.function}${index}`] = (...args: unknown[]) => {
        const results = this.#world.call(index, type, args, this.#reenter());
        return results.length > 1 ? results : results[0];
      };
    }
    for (const [i, { element, min, max, imported }] of plan.tables.entries()) {
      const descriptor = { element: JS_TYPES[element], initial: min, ...(max === undefined ? {} : { maximum: max }) };
      if (imported) imports[`${EXPORT.table}${i}`] = new Table(descriptor, null);
    }
    if (plan.memory !== undefined) {
      const { min, max } = plan.memory;
      imports[`${EXPORT.memory}0`] = new WebAssembly.Memory({ initial: min, maximum: max });
    }
    for (const [i, { type, mutable, imported }] of plan.globals.entries()) {
      if (!imported) continue;
      imports[`${EXPORT.global}${i}`] = new WebAssembly.Global({ value: JS_TYPES[type], mutable }, importedValue(type));
    }
    for (let i = 0; i < plan.importedTags; i++) {
      const parameters = plan.tags[i]?.params.map((type) => JS_TYPES[type]) ?? [];
      imports[`${EXPORT.tag}${i}`] = new Tag({ parameters });
    }
    return { [HOST_MODULE]: imports };
  }

  #reenter(): (() => string) | undefined {
    const index = reentrant(this.#plan);
    if (index < 0 || !this.#ready) return undefined;
    const name = `${EXPORT.function}${index}`;
    return () => {
      try {
        return `${name} again: ${this.#invoke(name, index, [])}`;
      } catch (error) {
        // What the guest throws, the host lets go; traps pass through it.
        if (error instanceof HostFault || error instanceof Exception)
          return `${name} again: ${this.#endingText(error)}`;
        throw error;
      }
    };
  }

  /** What both engines call the same: an engine's message, or what was thrown. */
  #endingText(error: unknown): string {
    if (error instanceof HostFault) return error.message;
    if (error instanceof Exception) return this.#exceptionText(error);
    if (!(error instanceof Error)) return String(error);
    // Later engines say which segment, and where.
    return error.message
      .replace(/^WebAssembly\.\w+\(\): /, '')
      .replace(/ segment \d+ is out of bounds.*/, ' segment is out of bounds');
  }

  #exceptionText(exception: ThrownByGuest): string {
    for (const [i, { params }] of this.#plan.tags.entries()) {
      const tag: unknown = this.#started?.exports[`${EXPORT.tag}${i}`];
      // There are no tags until there are exports.
      if (!this.#ready || !params.every(isReadable) || !exception.is(tag)) continue;
      return thrownText(
        i,
        params.map((type, at) => this.#world.describe(type, exception.getArg(tag, at))),
      );
    }
    return SOME_EXCEPTION;
  }

  #state(exports: WebAssembly.Exports): string[] {
    const lines: string[] = [];
    const { globals } = this.#plan;
    for (const [name, value] of Object.entries(exports)) {
      if (value instanceof WebAssembly.Memory) lines.push(`${name}: ${memoryText(value)}`);
      else if (value instanceof WebAssembly.Global) {
        const { type } = globals[Number(name.slice(1))] as Plan['globals'][number];
        lines.push(`${name}: ${this.#world.describe(type, value.value)}`);
      } else if (value instanceof WebAssembly.Table) {
        const { element } = this.#plan.tables[Number(name.slice(1))] as Plan['tables'][number];
        const entries = Array.from({ length: value.length }, (_, i) => this.#world.describe(element, value.get(i)));
        lines.push(`${name}: ${entries.join()}`);
      } else if (name.startsWith(EXPORT.vector)) {
        lines.push(
          `${name}: ${((value as unknown as Call)() as bigint[]).map((half) => BigInt.asUintN(64, half)).join()}`,
        );
      }
    }
    return lines;
  }
}

/** Whether JavaScript can read a value of an exception: no vector, and on Node 20 no function. */
export function isReadable(type: ValueType): boolean {
  return type !== 'v' && type !== 'r';
}

/** What is said of an exception whose values cannot be read. */
export const SOME_EXCEPTION = 'exception';

export function thrownText(tag: number, values: readonly string[]): string {
  return `${SOME_EXCEPTION} ${tag}(${values.join()})`;
}

export function memoryText(memory: WebAssembly.Memory): string {
  const { buffer } = memory;
  return `${buffer.byteLength} ${createHash('sha1').update(new Uint8Array(buffer)).digest('hex')}`;
}
