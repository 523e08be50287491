/**
 * Random numbers that a seed determines, on every machine alike.
 *
 * Each device draws from a stream of its own, so that what one device does
 * does not change what another one draws.
 */

/** The next number of a stream: at least 0, below 1. */
export type Random = () => number;

/** A stream for one name under one seed. */
export function randomFor(seed: number, name: string): Random {
  // Weyl sequence through a multiply-xorshift mix of 32 bits: enough for daily life in a house.
  let state = hash(`${seed}/${name}`);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return mix(state) / 2 ** 32;
  };
}

/** How long until something that happens every `meanMs` on average happens next. */
export function waitingTime(random: Random, meanMs: number): number {
  return -Math.log(1 - random()) * meanMs;
}

/** A number from least to most. */
export function between(random: Random, least: number, most: number): number {
  return least + random() * (most - least);
}

function mix(bits: number): number {
  let x = bits;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

/** FNV-1a. http://www.isthe.com/chongo/tech/comp/fnv/ */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value;
}
