/**
 * The seed of an attempt: the run's own for the first, and for each further one
 * another that follows from it, so that an attempt can be made again exactly.
 *
 * @param seed A whole number below 2^53.
 * @param attempt From 1; negative numbers are for what is drawn besides.
 * @returns a whole number below 2^53.
 */
export function attemptSeed(seed: number, attempt: number): number {
  if (attempt === 1) return seed;
  const [low, high] = [seed >>> 0, Math.floor(seed / WORD)];
  const first = mixed(low ^ mixed(attempt));
  const second = mixed(high ^ mixed(first ^ 0x9e3779b9));
  return (second >>> 11) * WORD + first;
}

const WORD = 2 ** 32;

/** Each bit of the word decides each of the answer's with about even odds: the finaliser of MurmurHash3. */
function mixed(word: number): number {
  let hash = word >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
