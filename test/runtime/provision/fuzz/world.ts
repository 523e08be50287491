/**
 * The host of a random module: the same for the engine and for the reference
 * interpreter. What the guest asks of it, in which order, is the trace.
 */
import type { FunctionType } from '../reference/decoded-module.js';
import type { ValueType } from '../reference/operations.js';

/** A value in the form that JavaScript gives and takes. */
type Crossing = unknown;

/** A foreign reference: a string, which compares by value. */
const FOREIGN = ['tern', 'gull', 'skua'] as const;

/** What a host function throws: the guest can catch it, but not see what it is. */
export class HostFault extends Error {
  override readonly name = 'HostFault';
}

/** How often the host calls back into the guest in one run. */
const MAX_REENTRIES = 3;

export class World {
  readonly trace: string[] = [];
  #calls = 0;
  #reentries = 0;
  readonly #seed: number;
  /** How a reference to a function is told. */
  readonly #nameOf: (reference: unknown) => string;

  constructor(seed: number, nameOf: (reference: unknown) => string) {
    this.#seed = seed;
    this.#nameOf = nameOf;
  }

  /**
   * A call of the host's function `index`: notes it, and answers, or throws, or calls back.
   * @param reenter calls an exported function without parameters, if there is one.
   */
  call(index: number, type: FunctionType, args: readonly Crossing[], reenter: (() => string) | undefined): Crossing[] {
    const call = this.#calls++;
    this.trace.push(`f${index}(${args.map((arg, i) => this.describe(type.params[i] as ValueType, arg)).join()})`);
    const what = (this.#seed + call * 7) % 23;
    if (what === 3) throw new HostFault('the host refuses');
    if (what % 5 === 1 && reenter !== undefined && this.#reentries++ < MAX_REENTRIES) this.trace.push(reenter());
    return type.results.map((result, i) => this.#answer(result, call + i, args));
  }

  #answer(type: ValueType, count: number, args: readonly Crossing[]): Crossing {
    switch (type) {
      case 'i':
        return (count * 1_000_003) | 0;
      case 'I':
        return BigInt(count) * -7n;
      case 'f':
      case 'F':
        return count * 1.5;
      case 'r':
        // Only what the guest gave can be given back.
        return args.find((arg) => typeof arg === 'function' || (typeof arg === 'object' && arg !== null)) ?? null;
      default:
        return FOREIGN[count % FOREIGN.length];
    }
  }

  /** The text of a value: all NaNs look alike, as they do in JavaScript. */
  describe(type: ValueType, value: Crossing): string {
    switch (type) {
      case 'i':
        return String((value as number) | 0);
      case 'I':
        return `${BigInt.asIntN(64, value as bigint)}n`;
      case 'f':
      case 'F':
        return Object.is(value, -0) ? '-0' : String(value);
      case 'r':
        return value === null ? 'null' : this.#nameOf(value);
      default:
        return value === null ? 'null' : JSON.stringify(value);
    }
  }
}

/** Arguments for a call from outside, by the type of each. */
export function argumentsFor(type: FunctionType, seed: number): Crossing[] {
  return type.params.map((param, i) => {
    const value = (seed * (i + 3) * 40_503) | 0;
    switch (param) {
      case 'i':
        return i % 2 === 0 ? value & 0xff : value;
      case 'I':
        return BigInt(value) << 7n;
      case 'f':
      case 'F':
        return (value % 1000) / 4;
      case 'r':
        return null;
      default:
        return FOREIGN[seed % FOREIGN.length];
    }
  });
}
