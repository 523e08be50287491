/** Values from the guest: compiled once for a type, then called for each value. */
import { RUNTIME_BOUNDS } from '../../limits.js';
import { AbiFault } from './abi-fault.js';
import type { GuestMemory } from './guest-memory.js';
import type { Handles } from './handles.js';
import { flagsAs, flatOf, layoutOf, payloadOffset, placesOf } from './layout.js';
import { isPrimitive, loadPrimitive, PRIMITIVES, type CoreValue } from './primitives.js';
import { casesOf, type AbiType } from './types.js';

/** What a call's arguments are lifted with. */
export interface Lifting {
  readonly memory: GuestMemory;
  /** The core values, and the index of the next. */
  args: readonly CoreValue[];
  next: number;
  /** Bytes that the values of this call may still take: a guest can name the same bytes many times. */
  budget: number;
  /** Bytes at which a `text` is cut. */
  readonly mostText: number;
  readonly handles: Handles;
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

/** Takes a value from the core arguments. @throws Error for a type that no host function may take. */
export function liftFlat(type: AbiType): LiftFlat {
  if (isPrimitive(type)) {
    const lift = PRIMITIVES[type].lift as (core: CoreValue) => unknown;
    return (lifting) => lift(lifting.args[lifting.next++] as CoreValue);
  }
  if (typeof type === 'string') {
    const load = pointed(type);
    return (lifting) => load(lifting, number(lifting), number(lifting));
  }
  switch (type.kind) {
    case 'list': {
      const load = elements(type.of);
      return (lifting) => load(lifting, number(lifting), number(lifting));
    }
    case 'tuple': {
      const fields = type.of.map(liftFlat);
      return (lifting) => fields.map((lift) => lift(lifting));
    }
    case 'record': {
      const fields = type.of.map(([name, field]) => [name, liftFlat(field)] as const);
      return (lifting) => {
        const value: Record<string, unknown> = {};
        for (const [name, lift] of fields) value[name] = lift(lifting);
        return value;
      };
    }
    case 'flags': {
      const known = maskOf(type.of);
      return (lifting) => number(lifting) & known;
    }
    case 'enum':
    case 'option':
    case 'result':
    case 'variant':
      return liftCases(type);
    case 'own':
      return (lifting) => lifting.handles.remove(type.resource, number(lifting));
    case 'borrow':
      return (lifting) => lifting.handles.get(type.resource, number(lifting));
  }
}

type Cases = Extract<AbiType, { readonly kind: 'option' | 'result' | 'variant' | 'enum' }>;

/** All cases take the same number of core values, whichever it is. */
function liftCases(type: Cases): LiftFlat {
  const [, ...joined] = flatOf(type);
  const lifts = casesOf(type).map(([name, payload]) => {
    const flat = flatOf(payload);
    if (flat.some((core, i) => core !== joined[i])) {
      throw new Error(`no host function takes cases whose core values differ, as those of "${name}" do`);
    }
    return payload === undefined ? undefined : liftFlat(payload);
  });
  const made = caseMaker(type);
  return (lifting) => {
    const index = number(lifting) >>> 0;
    const after = lifting.next + joined.length;
    if (index >= lifts.length) throw noCase(type, index);
    const value = lifts[index]?.(lifting);
    lifting.next = after;
    return made(index, value);
  };
}

/** Takes a value from memory, at an address that is checked already. */
function load(type: AbiType): Load {
  if (isPrimitive(type)) {
    const get = loadPrimitive(type);
    return (lifting, at) => get(lifting.memory.view, at);
  }
  if (typeof type === 'string') return atPointer(pointed(type));
  switch (type.kind) {
    case 'list':
      return atPointer(elements(type.of));
    case 'tuple': {
      const { offsets } = placesOf(type.of);
      const fields = type.of.map((field, i) => [offsets[i] ?? 0, load(field)] as const);
      return (lifting, address) => fields.map(([at, get]) => get(lifting, address + at));
    }
    case 'record': {
      const { offsets } = placesOf(type.of.map(([, field]) => field));
      const fields = type.of.map(([name, field], i) => [name, offsets[i] ?? 0, load(field)] as const);
      return (lifting, address) => {
        const value: Record<string, unknown> = {};
        for (const [name, at, get] of fields) value[name] = get(lifting, address + at);
        return value;
      };
    }
    case 'flags': {
      const known = maskOf(type.of);
      const get = loadPrimitive(flagsAs(type.of.length));
      return (lifting, address) => (get(lifting.memory.view, address) as number) & known;
    }
    case 'enum':
    case 'option':
    case 'result':
    case 'variant':
      return loadCases(type);
    case 'own':
      return (lifting, at) => lifting.handles.remove(type.resource, lifting.memory.view.getUint32(at, true));
    case 'borrow':
      return (lifting, at) => lifting.handles.get(type.resource, lifting.memory.view.getUint32(at, true));
  }
}

function loadCases(type: Cases): Load {
  const cases = casesOf(type);
  const payloadAt = payloadOffset(cases);
  const loads = cases.map(([, payload]) => (payload === undefined ? undefined : load(payload)));
  const made = caseMaker(type);
  return (lifting, address) => {
    const index = lifting.memory.view.getUint8(address);
    if (index >= loads.length) throw noCase(type, index);
    return made(index, loads[index]?.(lifting, address + payloadAt));
  };
}

/** How a case is a value in JavaScript. */
function caseMaker(type: Cases): (index: number, payload: unknown) => unknown {
  if (type.kind === 'option') return (_, payload) => payload;
  const names = casesOf(type).map(([name]) => name);
  if (type.kind === 'enum') return (index) => names[index];
  return (index, val) => ({ tag: names[index], val });
}

function noCase(type: Cases, index: number): AbiFault {
  return new AbiFault(`there is no case ${index}: the ${type.kind} has ${casesOf(type).length}`);
}

/** The bits of flags that have a name: others do not count. */
function maskOf(names: readonly string[]): number {
  return flagsAs(names.length) === 'u32' && names.length === 32 ? -1 : (1 << names.length) - 1;
}

type Pointed = (lifting: Lifting, pointer: number, length: number) => unknown;

function atPointer(get: Pointed): Load {
  return (lifting, at) => {
    const { view } = lifting.memory;
    return get(lifting, view.getUint32(at, true), view.getUint32(at + 4, true));
  };
}

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
    if (count > RUNTIME_BOUNDS.listItems) {
      throw new OverBudget(`a call hands over a list of ${count}: at most ${RUNTIME_BOUNDS.listItems} are taken`);
    }
    spend(lifting, count * size);
    const from = lifting.memory.area(pointer, count * size, align);
    return Array.from({ length: count }, (_, i) => get(lifting, from + i * size));
  };
}
