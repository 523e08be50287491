import type { RunPlace } from './store.js';

/**
 * Which runs of the inbox have a row in one of its side tables: most have none, and their end costs nothing there.
 * Follows the caller's transaction.
 */
export class RunsWithRows {
  readonly #rows = new Set<string>();
  #put: string[] = [];
  #gone: string[] = [];

  /** @param places of the rows that there are at the start. */
  constructor(places: Iterable<RunPlace>) {
    for (const place of places) this.#rows.add(nameOf(place));
  }

  put(place: RunPlace): void {
    this.#put.push(nameOf(place));
  }

  /** @returns whether there is a row to remove. */
  remove(place: RunPlace): boolean {
    if (this.#rows.size === 0 && this.#put.length === 0) return false;
    const name = nameOf(place);
    if (!this.#rows.has(name) && !this.#put.includes(name)) return false;
    this.#gone.push(name);
    this.#put = this.#put.filter((put) => put !== name);
    return true;
  }

  committed(): void {
    for (const name of this.#gone) this.#rows.delete(name);
    for (const name of this.#put) this.#rows.add(name);
    this.rolledBack();
  }

  rolledBack(): void {
    if (this.#put.length > 0) this.#put = [];
    if (this.#gone.length > 0) this.#gone = [];
  }
}

function nameOf({ group, run }: RunPlace): string {
  return `${group}/${run}`;
}
