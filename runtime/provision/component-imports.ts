/**
 * What a component imports, with the types of it, and which parts of the
 * component model it uses, read from its binary.
 * https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
 */
import { RUNTIME_BOUNDS } from '../limits.js';
import type { Signature } from '../worker/abi/types.js';
import { checkCanonical } from './canonicals.js';
import {
  readAlias,
  readExport,
  readExtern,
  readExternName,
  readInstance,
  readType,
  TypeScope,
  UnsupportedComponent,
} from './component-types.js';
import { ByteReader, MalformedWasm } from './wasm/bytes.js';

/** Magic, version 0x0d, layer 1: what makes a file a component and not a core module. */
const COMPONENT_HEADER = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];

const SECTION = { component: 4, instance: 5, alias: 6, type: 7, canon: 8, import: 10, export: 11 } as const;

/** The sort of an import that is an interface. */
const INSTANCE = 0x05;

export interface ComponentImport {
  readonly name: string;
  readonly kind: 'instance' | 'other';
  /** Of an instance: its functions by name, such as "[method]bucket.get". */
  readonly functions: ReadonlyMap<string, Signature>;
}

export function isComponent(bytes: Uint8Array): boolean {
  return COMPONENT_HEADER.every((byte, i) => bytes[i] === byte);
}

/**
 * @throws MalformedWasm
 * @throws UnsupportedComponent naming the part of the component model that tasks are not offered.
 */
export function componentImports(component: Uint8Array): ComponentImport[] {
  if (!isComponent(component)) throw new MalformedWasm('not a WebAssembly component');
  return readComponent(new ByteReader(component, COMPONENT_HEADER.length), 0);
}

/** Looks through the components within it, too. */
function readComponent(reader: ByteReader, depth: number): ComponentImport[] {
  if (depth > RUNTIME_BOUNDS.typeNesting) {
    throw new UnsupportedComponent(`components nested deeper than ${RUNTIME_BOUNDS.typeNesting}`);
  }
  const scope = new TypeScope();
  const imports: ComponentImport[] = [];
  while (!reader.done) {
    const id = reader.u8();
    const size = reader.u32();
    const section = new ByteReader(reader.bytes, reader.pos, reader.pos + size);
    reader.skip(size);
    if (id === SECTION.component) {
      section.skip(COMPONENT_HEADER.length);
      readComponent(section, depth + 1);
      continue;
    }
    const read = readerOf(id, scope, imports, depth);
    if (read === undefined) continue;
    for (let count = section.u32(); count > 0; count--) read(section);
    if (!section.done) throw new MalformedWasm(`a section ${id} of a length that does not fit`);
  }
  return imports;
}

/** What reads an entry of a section, or undefined for sections that say nothing of types. */
function readerOf(
  id: number,
  scope: TypeScope,
  imports: ComponentImport[],
  depth: number,
): ((section: ByteReader) => void) | undefined {
  if (id === SECTION.canon) return checkCanonical;
  // What a component within the component imports is no import of the whole.
  if (depth > 0) return undefined;
  switch (id) {
    case SECTION.type:
      return (section) => readType(section, scope);
    case SECTION.import:
      return (section) => imports.push(readImport(section, scope));
    case SECTION.alias:
      return (section) => readAlias(section, scope);
    // These two only move the indices of what comes after.
    case SECTION.instance:
      return (section) => readInstance(section, scope);
    case SECTION.export:
      return (section) => readExport(section, scope);
    default:
      return undefined;
  }
}

function readImport(reader: ByteReader, scope: TypeScope): ComponentImport {
  const name = readExternName(reader);
  const isInstance = reader.bytes[reader.pos] === INSTANCE;
  readExtern(reader, scope, name.split('@', 1)[0] ?? name);
  const functions = isInstance ? scope.instances.at(-1)?.functions : undefined;
  return { name, kind: isInstance ? 'instance' : 'other', functions: functions ?? new Map() };
}
