/**
 * How many runs of a task may go at once, given how often they get in each
 * other's way.
 *
 * Runs that write what others of the same task read must be repeated. When
 * that happens the number is halved, and it grows by one after as many
 * successes as it is: the rule TCP shares a link by (RFC 5681). A task whose
 * runs never collide is never held back.
 */
export class ConcurrencyGovernor {
  readonly #most: number;
  #allowed: number;
  #successes = 0;

  /** @param most At least 1; may be Infinity. */
  constructor(most: number) {
    this.#most = most;
    this.#allowed = most;
  }

  get allowed(): number {
    return this.#allowed;
  }

  /** A run was committed. Answers with what is allowed now. */
  succeeded(): number {
    if (this.#allowed === this.#most) return this.#allowed;
    this.#successes++;
    if (this.#successes >= this.#allowed) {
      this.#successes = 0;
      this.#allowed++;
      // Above what any runtime takes at once, there is nothing left to govern.
      if (this.#allowed > UNGOVERNED) this.#allowed = this.#most;
    }
    return this.#allowed;
  }

  /** A run, one of `running`, has to be repeated. Answers with what is allowed now. */
  collided(running: number): number {
    this.#successes = 0;
    this.#allowed = Math.max(1, Math.floor(Math.min(this.#allowed, running) / 2));
    return this.#allowed;
  }
}

const UNGOVERNED = 1_024;
