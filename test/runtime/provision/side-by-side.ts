/** Calls one export of a module three ways: as it came, metered, and in the reference interpreter. */
import { createHash } from 'node:crypto';
import { metered, MeteredInstance, type Budget } from './metered-module.js';
import { ReferenceInstance } from './reference/interpreter.js';
import { costOf } from './reference/published-costs.js';
import type { Value } from './reference/single-operations.js';

export interface Outcome {
  /** What was answered, or the message of what was thrown. */
  readonly result: unknown;
  /** Of the memory that is exported as "memory". */
  readonly memory: string | undefined;
}

export interface SideBySide {
  readonly plain: Outcome;
  readonly metered: Outcome;
  /** Fuel of the metered run; meaningless after a trap of the engine. */
  readonly used: number;
  readonly account: MeteredInstance;
  /** Fuel by the reference interpreter. */
  readonly executed: number;
}

export interface SideBySideOptions {
  /** Given to both. */
  readonly imports?: WebAssembly.Imports;
  readonly budget?: Budget;
}

/** @param args i32 numbers, or i64 bigints. */
export function sideBySide(
  module: Uint8Array,
  name: string,
  args: readonly Value[] = [],
  { imports = {}, budget = {} }: SideBySideOptions = {},
): SideBySide {
  const plain = new WebAssembly.Instance(new WebAssembly.Module(module), imports).exports;
  const account = meteredInstance(module, imports, budget);
  return {
    plain: outcomeOf(plain, name, args),
    metered: outcomeOf(account.exports, name, args),
    used: account.used,
    account,
    executed: executedBy(module, name, args),
  };
}

/** The metered module instantiated, its start function run. */
export function meteredInstance(module: Uint8Array, imports: WebAssembly.Imports, budget: Budget): MeteredInstance {
  const account = new MeteredInstance(new WebAssembly.Module(metered(module)), imports, budget);
  account.start();
  return account;
}

/** Calls an export, and answers with its result, or with the message of what it threw. */
export function outcomeOf(exports: WebAssembly.Exports, name: string, args: readonly unknown[]): Outcome {
  let result: unknown;
  try {
    result = (exports[name] as unknown as (...args: readonly unknown[]) => unknown)(...args);
  } catch (error) {
    result = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
  const memory = exports['memory'];
  const bytes = memory instanceof WebAssembly.Memory ? new Uint8Array(memory.buffer) : undefined;
  return { result, memory: bytes && createHash('sha1').update(bytes).digest('hex') };
}

/** The fuel of a call, in the reference interpreter. What it traps with is left to the engine. */
function executedBy(module: Uint8Array, name: string, args: readonly Value[]): number {
  const instance = new ReferenceInstance(module, {}, { fuel: 100_000_000, depth: 2_000 });
  instance.initialise();
  instance.used = 0;
  try {
    instance.invoke(name, args);
  } catch {
    // Until there, it has been counted.
  }
  return instance.used;
}

/** What instructions cost together: their names, in the order in which they execute, each with "*n" for n times. */
export function fuelOf(executed: string): number {
  let fuel = 0;
  for (const word of executed.split(/\s+/).filter((each) => each !== '')) {
    const [name = '', times = '1'] = word.split('*');
    fuel += costOf(name) * Number(times);
  }
  return fuel;
}
