/** Random numbers of a run, the same for the same seed on every machine. */

/**
 * xoshiro128**, seeded through splitmix32. Public domain algorithms:
 * https://prng.di.unimi.it/
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** @param seed a whole number below 2^53. */
  constructor(seed: number) {
    // The high word goes through a multiplication of its own, so that no two seeds begin alike.
    let state = (seed ^ Math.imul(Math.floor(seed / 0x1_0000_0000), 0x85ebca6b)) | 0;
    const next = (): number => {
      state = (state + 0x9e3779b9) | 0;
      let z = state ^ (state >>> 16);
      z = Math.imul(z, 0x21f0aaad);
      z ^= z >>> 15;
      z = Math.imul(z, 0x735a2d97);
      return z ^ (z >>> 15);
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1;
  }

  /** Where in its sequence it is, as four 32-bit words. */
  get state(): readonly [number, number, number, number] {
    return [this.#a >>> 0, this.#b >>> 0, this.#c >>> 0, this.#d >>> 0];
  }

  set state([a, b, c, d]: readonly [number, number, number, number]) {
    this.#a = a | 0;
    this.#b = b | 0;
    this.#c = c | 0;
    this.#d = d | 0;
  }

  /** A number from 0 to 2^32 - 1. */
  u32(): number {
    const product = Math.imul(this.#b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i += 4) {
      const word = this.u32();
      for (let j = i; j < Math.min(i + 4, count); j++) bytes[j] = word >>> (8 * (j - i));
    }
    return bytes;
  }
}
