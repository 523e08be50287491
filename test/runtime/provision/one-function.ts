/** Modules written byte by byte: what no text says, or says too slowly. */

const HEADER = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const RUN = [1, 3, 0x72, 0x75, 0x6e, 0, 0];

/** A number of up to 28 bits, in four bytes. */
function leb(value: number): number[] {
  return [(value & 0x7f) | 0x80, ((value >> 7) & 0x7f) | 0x80, ((value >> 14) & 0x7f) | 0x80, value >> 21];
}

export function section(id: number, body: readonly number[]): Uint8Array {
  return Uint8Array.from([id, ...leb(body.length), ...body]);
}

export function moduleOf(...sections: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat([Uint8Array.from(HEADER), ...sections]));
}

export interface OneFunction {
  readonly params?: readonly number[];
  readonly results?: readonly number[];
  /** Sections between those of functions and exports. */
  readonly sections?: readonly Uint8Array[];
}

/** A module of one function, exported as "run", without locals. `code` is without the last `end`. */
export function oneFunction(code: readonly number[] | Uint8Array, options: OneFunction = {}): Uint8Array {
  return functions(1, code, options);
}

/** The same function `count` times; the first is exported as "run". */
export function functions(count: number, code: ArrayLike<number>, options: OneFunction = {}): Uint8Array {
  const { params = [], results = [], sections = [] } = options;
  const body = Buffer.concat([
    Uint8Array.from([...leb(code.length + 2), 0]),
    Uint8Array.from(code),
    Uint8Array.of(0x0b),
  ]);
  const size = 4 + body.length * count;
  return moduleOf(
    section(1, [1, 0x60, params.length, ...params, results.length, ...results]),
    section(3, [...leb(count), ...Array.from({ length: count }, () => 0)]),
    ...sections,
    section(7, RUN),
    Buffer.concat([Uint8Array.from([10, ...leb(size), ...leb(count)]), ...Array.from({ length: count }, () => body)]),
  );
}
