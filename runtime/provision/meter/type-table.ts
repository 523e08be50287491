import type { FunctionType } from '../wasm/module-info.js';

interface Signature {
  readonly params: ArrayLike<number>;
  readonly results: ArrayLike<number>;
}

/** The function types of a module, to which further ones can be added. */
export class TypeTable {
  readonly #types: FunctionType[];
  readonly #original: number;
  readonly #indices = new Map<string, number>();

  constructor(types: readonly FunctionType[]) {
    this.#types = [...types];
    this.#original = types.length;
    for (const [i, type] of types.entries()) {
      const key = keyOf(type);
      if (!this.#indices.has(key)) this.#indices.set(key, i);
    }
  }

  get(index: number): FunctionType {
    return this.#types[index] as FunctionType;
  }

  /** The index of a type, which is added if it is not there. */
  indexOf(type: Signature): number {
    const key = keyOf(type);
    const known = this.#indices.get(key);
    if (known !== undefined) return known;
    const index =
      this.#types.push({ params: Uint8Array.from(type.params), results: Uint8Array.from(type.results) }) - 1;
    this.#indices.set(key, index);
    return index;
  }

  get added(): readonly FunctionType[] {
    return this.#types.slice(this.#original);
  }
}

function keyOf({ params, results }: Signature): string {
  return `${Array.from(params).join()}>${Array.from(results).join()}`;
}
