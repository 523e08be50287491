/** Values from the guest: compiled once for a type, then called for each value. */
import { alignTo, layoutOf } from './layout.js';
import { AbiFault, type GuestMemory } from './guest-memory.js';
import type { AbiType } from './types.js';

/** What a call's arguments are lifted with. */
export interface Lifting {
  readonly memory: GuestMemory;
  /** The core values, and the index of the next. */
  args: readonly (number | bigint)[];
  next: number;
  /** Bytes that the values of this call may still take: a guest can name the same bytes many times. */
  budget: number;
  /** Bytes at which a `text` is cut. */
  readonly mostText: number;
  handle(index: number): unknown;
}

/** Thrown before anything is copied when a call's values would take more than its budget. */
export class OverBudget extends Error {
  override readonly name = 'OverBudget';
}

export type LiftFlat = (lifting: Lifting) => unknown;
type Load = (lifting: Lifting, address: number) => unknown;

function spend(lifting: Lifting, bytes: number): void {
  lifting.budget -= bytes;
  if (lifting.budget < 0) throw new OverBudget('a call hands over more than the run may put out');
}

function number(lifting: Lifting): number {
  return lifting.args[lifting.next++] as number;
}

/** Takes a value from the core arguments. */
export function liftFlat(type: AbiType): LiftFlat {
  switch (type) {
    case 'bool':
      return (lifting) => number(lifting) !== 0;
    case 'u32':
      return (lifting) => number(lifting) >>> 0;
    case 'u64':
      return (lifting) => BigInt.asUintN(64, lifting.args[lifting.next++] as bigint);
    case 'f64':
      return number;
    case 'string':
    case 'text':
    case 'bytes': {
      const load = pointed(type);
      return (lifting) => load(lifting, number(lifting), number(lifting));
    }
    default:
  }
  switch (type.kind) {
    case 'list': {
      const load = elements(type.of);
      return (lifting) => load(lifting, number(lifting), number(lifting));
    }
    case 'record': {
      const fields = type.of.map(([name, field]) => [name, liftFlat(field)] as const);
      return (lifting) => {
        const value: Record<string, unknown> = {};
        for (const [name, lift] of fields) value[name] = lift(lifting);
        return value;
      };
    }
    case 'enum':
      return (lifting) => caseOf(type.of, number(lifting));
    case 'option': {
      const lift = liftFlat(type.of);
      const { flat } = layoutOf(type.of);
      return (lifting) => {
        if (isSome(number(lifting))) return lift(lifting);
        lifting.next += flat;
        return undefined;
      };
    }
    case 'borrow':
      return (lifting) => lifting.handle(number(lifting));
    case 'own':
    case 'tuple':
    case 'result':
    case 'variant':
      throw new Error(`no host function takes a ${type.kind} directly`);
  }
}

/** Takes a value from memory. */
function load(type: AbiType): Load {
  switch (type) {
    case 'string':
    case 'text':
    case 'bytes': {
      const get = pointed(type);
      return (lifting, at) => {
        const { view } = lifting.memory;
        return get(lifting, view.getUint32(at, true), view.getUint32(at + 4, true));
      };
    }
    default:
  }
  if (typeof type === 'object' && type.kind === 'tuple') {
    let offset = 0;
    const fields = type.of.map((field) => {
      const { size, align } = layoutOf(field);
      const at = alignTo(offset, align);
      offset = at + size;
      return [at, load(field)] as const;
    });
    return (lifting, address) => fields.map(([at, get]) => get(lifting, address + at));
  }
  throw new Error('no host function takes a list of such elements');
}

type Pointed = (lifting: Lifting, pointer: number, length: number) => unknown;

function pointed(type: 'string' | 'text' | 'bytes'): Pointed {
  switch (type) {
    case 'string':
      return (lifting, pointer, length) => {
        spend(lifting, lifting.memory.textBytes(length));
        return lifting.memory.text(pointer, length);
      };
    case 'text':
      return (lifting, pointer, length) => lifting.memory.text(pointer, length, lifting.mostText);
    case 'bytes':
      return (lifting, pointer, length) => {
        spend(lifting, length >>> 0);
        return lifting.memory.bytes(pointer, length);
      };
  }
}

function elements(of: AbiType): Pointed {
  const { size, align } = layoutOf(of);
  const get = load(of);
  return (lifting, pointer, length) => {
    const count = length >>> 0;
    spend(lifting, count * size);
    const from = lifting.memory.area(pointer, count * size, align);
    return Array.from({ length: count }, (_, i) => get(lifting, from + i * size));
  };
}

function caseOf(names: readonly string[], index: number): string {
  const name = names[index];
  if (name === undefined) throw new AbiFault(`there is no case ${index} of an enum with ${names.length}`);
  return name;
}

function isSome(discriminant: number): boolean {
  if (discriminant > 1 || discriminant < 0) throw new AbiFault(`there is no case ${discriminant} of an option`);
  return discriminant === 1;
}
