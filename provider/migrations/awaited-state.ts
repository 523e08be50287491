import type { Replica, ReplicaView } from '../replica/replica.js';

/** A run that waits for state. */
interface Awaiting {
  readonly id: string;
  readonly resolve: (view: () => ReplicaView) => void;
}

/** The copy of a hub's state as its runs here see it: each waits until the hub has sent as much as it is to see. */
export class AwaitedState {
  /** The revision that each is to see at least, as the hub counts since it started. */
  readonly #revisions = new Map<string, number>();
  #awaiting: Awaiting[] = [];
  #replica: Replica | undefined;

  /** The hub has a session. */
  begin(replica: Replica): void {
    // A hub that was started anew counts its state anew.
    if (replica !== this.#replica) this.#revisions.clear();
    this.#replica = replica;
  }

  /** The copy is gone. */
  gone(): void {
    this.#replica = undefined;
    this.#revisions.clear();
  }

  /** A run is to see this at least. */
  isToSee(id: string, revision: number): void {
    this.#revisions.set(id, revision);
  }

  /** The copy has changed, or what a run is to see. */
  came(): void {
    const awaiting = this.#awaiting;
    this.#awaiting = [];
    for (const each of awaiting) {
      if (this.#isThereFor(each.id)) each.resolve(() => this.#view());
      else this.#awaiting.push(each);
    }
  }

  /** Resolves when there is what a run is to see. What it gives is the state at that later moment. */
  for(id: string): Promise<() => ReplicaView> {
    if (this.#isThereFor(id)) return Promise.resolve(() => this.#view());
    // An earlier stretch of it is over.
    const others = this.#awaiting.filter((each) => each.id !== id);
    return new Promise((resolve) => (this.#awaiting = [...others, { id, resolve }]));
  }

  /** A run is not here any more. */
  forget(id: string): void {
    this.#revisions.delete(id);
    this.#awaiting = this.#awaiting.filter((each) => each.id !== id);
  }

  /** Whether the hub has sent what it is to see: also to a process that knows only what an earlier one has kept. */
  #isThereFor(id: string): boolean {
    // State comes in pieces: how many there are, the hub says with its next word about the run. One that begins anew
    // counts on, past what it has said of an earlier copy.
    const needed = this.#revisions.get(id);
    const { isWhole = false, revision = 0 } = this.#replica ?? {};
    return isWhole && needed !== undefined && revision >= needed;
  }

  #view(): ReplicaView {
    if (this.#replica === undefined) throw new Error('the copy of the state of its hub is gone');
    return this.#replica.view();
  }
}
