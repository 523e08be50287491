/** Values to the guest: compiled once for a type, then called for each value. */
import type { GuestMemory } from './guest-memory.js';
import { alignTo, layoutOf, payloadOffset } from './layout.js';
import type { AbiType } from './types.js';

/** What a call's result is lowered with. */
export interface Lowering {
  readonly memory: GuestMemory;
  /** Gives out a handle for a resource. */
  newHandle(resource: unknown): number;
}

type Store = (lowering: Lowering, value: never, address: number) => void;

/** Writes a value to memory at an address that is checked already. */
export function store(type: AbiType): Store {
  switch (type) {
    case 'bool':
      return ({ memory }, value: boolean, at) => memory.view.setUint8(at, value ? 1 : 0);
    case 'u32':
      return ({ memory }, value: number, at) => memory.view.setUint32(at, value, true);
    case 'u64':
      return ({ memory }, value: bigint, at) => memory.view.setBigUint64(at, value, true);
    case 'f64':
      return ({ memory }, value: number, at) => memory.view.setFloat64(at, value, true);
    case 'string':
    case 'text':
      return ({ memory }, value: string, at) => pair(memory, at, memory.storeText(value));
    case 'bytes':
      return ({ memory }, value: Uint8Array, at) => pair(memory, at, memory.storeBytes(value));
    default:
  }
  switch (type.kind) {
    case 'own':
      return (lowering, value: unknown, at) => lowering.memory.view.setUint32(at, lowering.newHandle(value), true);
    case 'list':
      return storeList(type.of);
    case 'tuple':
      return storeFields(type.of.map((field, i) => [i, field] as const));
    case 'record':
      return storeFields(type.of);
    case 'option':
      return storeOption(type.of);
    case 'result':
      return storeCases([
        ['ok', type.ok],
        ['err', type.err],
      ]);
    case 'variant':
      return storeCases(type.of);
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
  let offset = 0;
  const places = fields.map(([name, field]) => {
    const { size, align } = layoutOf(field);
    const at = alignTo(offset, align);
    offset = at + size;
    return { name, at, put: store(field) };
  });
  return (lowering, value: Readonly<Record<string | number, never>>, address) => {
    for (const { name, at, put } of places) put(lowering, value[name] as never, address + at);
  };
}

function storeOption(of: AbiType): Store {
  const at = payloadOffset([undefined, of]);
  const put = store(of);
  return (lowering, value: undefined, address) => {
    lowering.memory.view.setUint8(address, value === undefined ? 0 : 1);
    if (value !== undefined) put(lowering, value, address + at);
  };
}

/** Values are `{ tag, val }`. */
function storeCases(cases: readonly (readonly [string, AbiType | undefined])[]): Store {
  const at = payloadOffset(cases.map(([, payload]) => payload));
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
