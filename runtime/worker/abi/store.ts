/** Values to the guest: compiled once for a type, then called for each value. */
import type { GuestMemory } from './guest-memory.js';
import type { Handles } from './handles.js';
import { flagsAs, layoutOf, payloadOffset, placesOf } from './layout.js';
import { isPrimitive, storePrimitive } from './primitives.js';
import { casesOf, type AbiType } from './types.js';

/** What a call's result is lowered with. */
export interface Lowering {
  readonly memory: GuestMemory;
  readonly handles: Handles;
}

type Store = (lowering: Lowering, value: never, address: number) => void;

/** Writes a value to memory at an address that is checked already. @throws Error for a type that no host function may answer with. */
export function store(type: AbiType): Store {
  if (isPrimitive(type)) {
    const put = storePrimitive(type);
    return ({ memory }, value, at) => put(memory.view, at, value);
  }
  switch (type) {
    case 'string':
    case 'text':
      return ({ memory }, value: string, at) => pair(memory, at, memory.storeText(value));
    case 'bytes':
      return ({ memory }, value: Uint8Array, at) => pair(memory, at, memory.storeBytes(value));
    default:
  }
  switch (type.kind) {
    case 'own':
      return (lowering, value: unknown, at) =>
        lowering.memory.view.setUint32(at, lowering.handles.add(type.resource, value), true);
    case 'list':
      return storeList(type.of);
    case 'tuple':
      return storeFields(type.of.map((field, i) => [i, field] as const));
    case 'record':
      return storeFields(type.of);
    case 'flags':
      return store(flagsAs(type.of.length));
    case 'option':
      return storeOption(type.of);
    case 'result':
    case 'variant':
      return storeCases(casesOf(type));
    case 'enum':
      return ({ memory }, value: string, at) => memory.view.setUint8(at, type.of.indexOf(value));
    case 'borrow':
      throw new Error('no host function answers with a borrowed handle');
  }
}

function pair(memory: GuestMemory, at: number, [pointer, length]: [number, number]): void {
  memory.view.setUint32(at, pointer, true);
  memory.view.setUint32(at + 4, length, true);
}

function storeList(of: AbiType): Store {
  const { size, align } = layoutOf(of);
  const put = store(of);
  return (lowering, values: readonly never[], at) => {
    const pointer = lowering.memory.allocate(size * values.length, align);
    for (const [i, value] of values.entries()) put(lowering, value, pointer + i * size);
    pair(lowering.memory, at, [pointer, values.length]);
  };
}

function storeFields(fields: readonly (readonly [string | number, AbiType])[]): Store {
  const { offsets } = placesOf(fields.map(([, field]) => field));
  const places = fields.map(([name, field], i) => ({ name, at: offsets[i] ?? 0, put: store(field) }));
  return (lowering, value: Readonly<Record<string | number, never>>, address) => {
    for (const { name, at, put } of places) put(lowering, value[name] as never, address + at);
  };
}

function storeOption(of: AbiType): Store {
  const at = payloadOffset(casesOf({ kind: 'option', of }));
  const put = store(of);
  return (lowering, value: undefined, address) => {
    lowering.memory.view.setUint8(address, value === undefined ? 0 : 1);
    if (value !== undefined) put(lowering, value, address + at);
  };
}

/** Values are `{ tag, val }`. */
function storeCases(cases: readonly (readonly [string, AbiType | undefined])[]): Store {
  const at = payloadOffset(cases);
  const puts = new Map(
    cases.map(([name, payload], i) => [name, { i, put: payload === undefined ? undefined : store(payload) }]),
  );
  return (lowering, value: { readonly tag: string; readonly val?: never }, address) => {
    const found = puts.get(value.tag);
    if (found === undefined) throw new Error(`a host function answered with the unknown case "${value.tag}"`);
    lowering.memory.view.setUint8(address, found.i);
    found.put?.(lowering, value.val as never, address + at);
  };
}
