/** Documents that are JSON or nearly so, the same ones for the same seed. */

const PIECES = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '\\u',
  ' ',
  '1',
  '-',
  '.',
  'e',
  '0',
  'true',
  'null',
  '\u0000',
  'é',
];

export class JsonMutator {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A document, damaged three times out of four. */
  next(): Uint8Array {
    const bytes = Buffer.from(JSON.stringify(this.#value(0)));
    const damage = this.#below(4);
    return damage === 0 ? bytes : this.#damaged(bytes, damage);
  }

  #damaged(bytes: Buffer, times: number): Buffer {
    let damaged = bytes;
    for (let i = 0; i < times; i++) {
      const at = this.#below(damaged.length + 1);
      const piece = Buffer.from(this.#pick(PIECES));
      const byte = Buffer.from([this.#below(256)]);
      const ways = [
        () => damaged.subarray(0, at),
        () => Buffer.concat([damaged.subarray(0, at), piece, damaged.subarray(at)]),
        () => Buffer.concat([damaged.subarray(0, at), byte, damaged.subarray(at + 1)]),
        () => Buffer.concat([damaged.subarray(0, at), damaged.subarray(at + 1)]),
      ];
      damaged = this.#pick(ways)();
    }
    return damaged;
  }

  #value(depth: number): unknown {
    const kind = this.#below(depth > 3 ? 5 : 7);
    if (kind === 0) return null;
    if (kind === 1) return this.#below(2) === 0;
    if (kind === 2) return this.#below(1_000_000) - 500_000;
    if (kind === 3) return (this.#below(2_000_000) - 1_000_000) * 10 ** (this.#below(40) - 20);
    if (kind === 4) return this.#text();
    const length = this.#below(4);
    if (kind === 5) return Array.from({ length }, () => this.#value(depth + 1));
    return Object.fromEntries(Array.from({ length }, (_, i) => [`${this.#text()}${i}`, this.#value(depth + 1)]));
  }

  #text(): string {
    return Array.from({ length: this.#below(6) }, () =>
      this.#pick(['a', 'é', '€', '😀', '"', '\\', '\n', ' ', '\u0001']),
    ).join('');
  }

  #pick<T>(choices: readonly T[]): T {
    const choice = choices[this.#below(choices.length)];
    if (choice === undefined) throw new RangeError('there is nothing to pick from');
    return choice;
  }

  /** mulberry32 */
  #below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let x = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) % bound;
  }
}
