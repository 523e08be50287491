/** The guest broke the canonical ABI: its call ends in a trap. */
export class AbiFault extends Error {
  override readonly name = 'AbiFault';
}
