/**
 * The names a component imports, with their versions, read from its binary.
 * https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
 */
import { ByteReader, MalformedWasm } from './wasm/bytes.js';

/** Magic, version 0x0d, layer 1: what makes a file a component and not a core module. */
const COMPONENT_HEADER = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const IMPORT_SECTION = 10;

export type ComponentImport = { readonly name: string; readonly kind: 'instance' | 'other' };

export function isComponent(bytes: Uint8Array): boolean {
  return COMPONENT_HEADER.every((byte, i) => bytes[i] === byte);
}

/** @throws MalformedWasm */
export function componentImports(component: Uint8Array): ComponentImport[] {
  if (!isComponent(component)) throw new MalformedWasm('not a WebAssembly component');
  const reader = new ByteReader(component, COMPONENT_HEADER.length);
  const imports: ComponentImport[] = [];
  while (!reader.done) {
    const id = reader.u8();
    const size = reader.u32();
    const end = reader.pos + size;
    if (id === IMPORT_SECTION) {
      for (let count = reader.u32(); count > 0; count--) imports.push(readImport(reader));
      if (reader.pos !== end) throw new MalformedWasm('an import section of a length that does not fit');
    } else {
      reader.skip(size);
    }
  }
  return imports;
}

function readImport(reader: ByteReader): ComponentImport {
  const form = reader.u8();
  const name = reader.name();
  if (form === 0x02) reader.name(); // a version suffix
  const sort = reader.u8();
  switch (sort) {
    case 0x05: // instance
      reader.u32();
      return { name, kind: 'instance' };
    case 0x00: // core module
      reader.u8();
      reader.u32();
      break;
    case 0x01: // function
    case 0x04: // component
      reader.u32();
      break;
    case 0x02: // value
      reader.u8();
      reader.skipLeb();
      break;
    case 0x03: // type
      if (reader.u8() === 0x00) reader.u32();
      break;
    default:
      throw new MalformedWasm(`an import of sort ${sort}`);
  }
  return { name, kind: 'other' };
}
