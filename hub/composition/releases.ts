import type { Logger } from '../log.js';

/** Stops what was started. */
type Release = () => Promise<void> | void;

/** How all that was started so far is stopped. */
export class Releases {
  readonly #releases: Release[] = [];

  add(release: Release): void {
    this.#releases.push(release);
  }

  /** The last one started is stopped first; one that fails to stop does not keep the others. */
  async all(log: Pick<Logger, 'error'>): Promise<void> {
    for (let release = this.#releases.pop(); release !== undefined; release = this.#releases.pop()) {
      try {
        await release();
      } catch (error) {
        log.error({ err: error }, 'a part of the hub did not stop cleanly');
      }
    }
  }
}
