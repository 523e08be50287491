/** A component with a custom section at its end, which changes nothing but its size and digest. */
export function paddedComponent(component: Uint8Array, bytes: number, name: string): Uint8Array {
  const label = Buffer.from(name);
  const contents = Buffer.concat([unsigned(label.length), label, Buffer.alloc(bytes, name)]);
  return Buffer.concat([component, Buffer.from([0]), unsigned(contents.length), contents]);
}

/** LEB128. https://webassembly.github.io/spec/core/binary/values.html#integers */
function unsigned(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  do {
    bytes.push((left & 0x7f) | (left >= 0x80 ? 0x80 : 0));
    left >>>= 7;
  } while (left > 0);
  return Buffer.from(bytes);
}
