/**
 * Types of a component, read from its binary as far as what it imports is made
 * of them. Nothing here is validated twice: the transpiler checks the rest.
 * https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
 */
import { RUNTIME_BOUNDS } from '../limits.js';
import type { AbiType, Resource, Signature } from '../worker/abi/types.js';
import { MalformedWasm, type ByteReader } from './wasm/bytes.js';

/** Well-formed, but with a part that tasks are not offered. `message` names it. */
export class UnsupportedComponent extends Error {
  override readonly name = 'UnsupportedComponent';
}

/** What an index of the type space stands for. */
export type ComponentType =
  | { readonly is: 'value'; readonly type: AbiType }
  | { readonly is: 'function'; readonly signature: Signature }
  | { readonly is: 'resource'; readonly resource: Resource }
  /** Where its declarations begin: they are read for each import, whose name its resources bear. */
  | { readonly is: 'instance'; readonly scope: TypeScope; readonly from: number }
  /** Nothing that an import of a task can be made of. */
  | { readonly is: 'other' };

export interface InstanceExports {
  readonly functions: ReadonlyMap<string, Signature>;
  readonly types: ReadonlyMap<string, ComponentType>;
}

const OTHER: ComponentType = { is: 'other' };
const NO_EXPORTS: InstanceExports = { functions: new Map(), types: new Map() };

/** The index spaces of a component, or of a type that has declarations. */
export class TypeScope {
  readonly types: ComponentType[] = [];
  readonly instances: InstanceExports[] = [];

  constructor(
    readonly depth = 0,
    readonly outer?: TypeScope,
  ) {
    if (depth > RUNTIME_BOUNDS.typeNesting) {
      throw new UnsupportedComponent(`types nested deeper than ${RUNTIME_BOUNDS.typeNesting}`);
    }
  }

  addType(type: ComponentType): void {
    if (this.types.length >= RUNTIME_BOUNDS.componentTypes) {
      throw new UnsupportedComponent(`more than ${RUNTIME_BOUNDS.componentTypes} types in one place`);
    }
    this.types.push(type);
  }

  type(index: number): ComponentType {
    const type = this.types[index];
    if (type === undefined) throw new MalformedWasm(`there is no type ${index}`);
    return type;
  }

  value(index: number): AbiType {
    const type = this.type(index);
    if (type.is !== 'value') throw new MalformedWasm(`type ${index} is not that of a value`);
    return type.type;
  }

  resource(index: number): Resource {
    const type = this.type(index);
    if (type.is !== 'resource') throw new MalformedWasm(`type ${index} is not a resource`);
    return type.resource;
  }

  /** What an instance of this type has. @param owner what its resources are called after. */
  exportsOf(reader: ByteReader, index: number, owner: string): InstanceExports {
    const type = this.type(index);
    if (type.is !== 'instance') return NO_EXPORTS;
    const { pos } = reader;
    reader.pos = type.from;
    const exports = readDeclarations(reader, type.scope, owner);
    reader.pos = pos;
    return exports;
  }
}

/** Reads one entry of a type section into the scope. */
export function readType(reader: ByteReader, scope: TypeScope): void {
  scope.addType(typeOf(reader, scope));
}

function typeOf(reader: ByteReader, scope: TypeScope): ComponentType {
  const form = reader.u8();
  switch (form) {
    case 0x40:
      return { is: 'function', signature: readSignature(reader, scope) };
    case 0x43:
      throw new UnsupportedComponent('asynchronous functions');
    case 0x41:
      readDeclarations(reader, scope, '');
      return OTHER;
    case 0x42: {
      const from = reader.pos;
      readDeclarations(reader, scope, '');
      return { is: 'instance', scope, from };
    }
    case 0x3f: // a resource that is the component's own: its representation and its destructor
      reader.u8();
      if (reader.u8() === 0x01) reader.u32();
      return OTHER;
    default:
      return { is: 'value', type: readValueType(reader, scope, form) };
  }
}

/** The declarations of an instance's or a component's type. */
function readDeclarations(reader: ByteReader, outer: TypeScope, owner: string): InstanceExports {
  const scope = new TypeScope(outer.depth + 1, outer);
  const functions = new Map<string, Signature>();
  const types = new Map<string, ComponentType>();
  for (let count = reader.u32(); count > 0; count--) {
    const kind = reader.u8();
    if (kind === 0x01) readType(reader, scope);
    else if (kind === 0x02) readAlias(reader, scope);
    else if (kind === 0x03 || kind === 0x04) {
      const name = readExternName(reader);
      const described = readExtern(reader, scope, `${owner}/${name}`);
      if (described.is === 'function') functions.set(name, described.signature);
      else if (described.is !== 'other') types.set(name, described);
    } else throw new UnsupportedComponent('core types in the type of an interface');
  }
  return { functions, types };
}

/** @returns the name without a version that is written apart. */
export function readExternName(reader: ByteReader): string {
  const form = reader.u8();
  const name = reader.name();
  if (form === 0x02) reader.name(); // a version suffix
  else if (form > 0x02) throw new UnsupportedComponent(`names of form ${form}`);
  return name;
}

/**
 * Reads what an import or an export is, and adds it to the index space of its kind.
 * @param path what a resource is called, if it is one.
 * @returns the type it is, or has; 'other' for what has none here.
 */
export function readExtern(reader: ByteReader, scope: TypeScope, path: string): ComponentType {
  const sort = reader.u8();
  switch (sort) {
    case 0x00: // core module
      reader.u8();
      reader.u32();
      return OTHER;
    case 0x01:
      return scope.type(reader.u32());
    case 0x02: // value
      reader.u8();
      reader.skipLeb();
      return OTHER;
    case 0x03: {
      const type = reader.u8() === 0x00 ? scope.type(reader.u32()) : ({ is: 'resource', resource: path } as const);
      scope.addType(type);
      return type.is === 'function' ? OTHER : type;
    }
    case 0x04: // component
      reader.u32();
      return OTHER;
    case 0x05: {
      const index = reader.u32();
      scope.instances.push(scope.exportsOf(reader, index, path));
      return OTHER;
    }
    default:
      throw new MalformedWasm(`an import or export of sort ${sort}`);
  }
}

/** Reads an alias: a name for something in an instance, or in a scope around this one. */
export function readAlias(reader: ByteReader, scope: TypeScope): void {
  const sort = reader.u8();
  if (sort === 0x00) reader.u8(); // which core sort
  const target = reader.u8();
  if (target === 0x02) {
    const up = reader.u32();
    const index = reader.u32();
    let from: TypeScope | undefined = scope;
    for (let i = 0; i < up && from !== undefined; i++) from = from.outer;
    if (sort === 0x03) scope.addType(from?.type(index) ?? OTHER);
    return;
  }
  const instance = reader.u32();
  const name = reader.name();
  if (target !== 0x00) return; // of a core instance
  const exports = scope.instances[instance] ?? NO_EXPORTS;
  if (sort === 0x03) scope.addType(exports.types.get(name) ?? OTHER);
  else if (sort === 0x05) scope.instances.push(NO_EXPORTS);
}

/** Reads an instance that the component makes itself: what it has is nobody's import. */
export function readInstance(reader: ByteReader, scope: TypeScope): void {
  const isInline = reader.u8() === 0x01;
  if (!isInline) reader.u32(); // which component
  for (let count = reader.u32(); count > 0; count--) {
    if (isInline) readExternName(reader);
    else reader.name();
    readSortIndex(reader);
  }
  scope.instances.push(NO_EXPORTS);
}

/** Reads an export, which is a new index for what it exports. */
export function readExport(reader: ByteReader, scope: TypeScope): void {
  const name = readExternName(reader);
  const { sort, index } = readSortIndex(reader);
  if (reader.u8() === 0x01) {
    readExtern(reader, scope, name); // the type that it is given, and its index
    return;
  }
  if (sort === 0x03) scope.addType(scope.type(index));
  else if (sort === 0x05) scope.instances.push(scope.instances[index] ?? NO_EXPORTS);
}

function readSortIndex(reader: ByteReader): { readonly sort: number; readonly index: number } {
  const sort = reader.u8();
  if (sort === 0x00) reader.u8(); // which core sort
  return { sort, index: reader.u32() };
}

function readSignature(reader: ByteReader, scope: TypeScope): Signature {
  const params = many(reader, () => {
    reader.name();
    return readValue(reader, scope);
  });
  const form = reader.u8();
  if (form === 0x00) return { params, returns: readValue(reader, scope) };
  if (reader.u8() !== 0x00) throw new UnsupportedComponent('functions with several named results');
  return { params, returns: undefined };
}

const PRIMITIVE: Readonly<Record<number, AbiType>> = {
  0x7f: 'bool',
  0x7e: 's8',
  0x7d: 'u8',
  0x7c: 's16',
  0x7b: 'u16',
  0x7a: 's32',
  0x79: 'u32',
  0x78: 's64',
  0x77: 'u64',
  0x76: 'f32',
  0x75: 'f64',
  0x74: 'char',
  0x73: 'string',
};

/** Types that only asynchronous or future versions of the component model have. */
const UNSUPPORTED: Readonly<Record<number, string>> = {
  0x67: 'lists of a fixed length',
  0x66: 'streams as values',
  0x65: 'futures',
  0x64: 'error contexts',
  0x63: 'maps',
};

/** A type where it is used: a primitive, or an index. */
function readValue(reader: ByteReader, scope: TypeScope): AbiType {
  const first = reader.bytes[reader.pos] ?? 0;
  // A primitive is a negative number of one byte.
  if ((first & 0xc0) === 0x40) return readValueType(reader, scope, reader.u8());
  return scope.value(reader.u32());
}

function readValueType(reader: ByteReader, scope: TypeScope, form: number): AbiType {
  const primitive = PRIMITIVE[form];
  if (primitive !== undefined) return primitive;
  const value = (): AbiType => readValue(reader, scope);
  const optional = (): AbiType | undefined => (reader.u8() === 0x00 ? undefined : value());
  switch (form) {
    case 0x72:
      return { kind: 'record', of: many(reader, () => [camel(reader.name()), value()] as const) };
    case 0x71:
      return {
        kind: 'variant',
        of: many(reader, () => {
          const entry = [reader.name(), optional()] as const;
          reader.u8(); // nothing that it refines
          return entry;
        }),
      };
    case 0x70: {
      const of = value();
      return of === 'u8' ? 'bytes' : { kind: 'list', of };
    }
    case 0x6f:
      return { kind: 'tuple', of: many(reader, value) };
    case 0x6e:
      return { kind: 'flags', of: many(reader, () => reader.name()) };
    case 0x6d:
      return { kind: 'enum', of: many(reader, () => reader.name()) };
    case 0x6b:
      return { kind: 'option', of: value() };
    case 0x6a:
      return { kind: 'result', ok: optional(), err: optional() };
    case 0x69:
      return { kind: 'own', resource: scope.resource(reader.u32()) };
    case 0x68:
      return { kind: 'borrow', resource: scope.resource(reader.u32()) };
    default:
      if (UNSUPPORTED[form] !== undefined) throw new UnsupportedComponent(UNSUPPORTED[form]);
      throw new MalformedWasm(`a type of form 0x${form.toString(16)}`);
  }
}

function many<Item>(reader: ByteReader, read: () => Item): Item[] {
  const items: Item[] = [];
  for (let count = reader.u32(); count > 0; count--) items.push(read());
  return items;
}

/** Names of fields, as JavaScript has them. */
function camel(name: string): string {
  return name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
