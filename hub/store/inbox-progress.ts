import type { RunPlace } from './store.js';

/** Which runs of a group are over. */
export class GroupProgress {
  /** A bit for each run. */
  readonly bits: Uint8Array;
  left: number;
  /** Whether the group is in the inbox: not until the transaction that received it. */
  stored: boolean;
  /** Whether `inbox_over` has a row for it. */
  noted: boolean;

  constructor(runs: number, over: Uint8Array | undefined) {
    this.bits = new Uint8Array(Math.ceil(runs / 8));
    if (over !== undefined) this.bits.set(over.subarray(0, this.bits.length));
    this.stored = over !== undefined;
    this.noted = over !== undefined && over.length > 0;
    this.left = 0;
    for (let run = 0; run < runs; run++) if (!this.isOver(run)) this.left++;
  }

  isOver(run: number): boolean {
    return ((this.bits[run >>> 3] ?? 0) & (1 << (run & 7))) !== 0;
  }

  /** @throws Error when it was over: a run must not have its effects twice. */
  end(run: number): void {
    if (this.isOver(run)) throw new Error(`Cannot end run ${run} of an inbox group as it is over`);
    this.bits[run >>> 3] = (this.bits[run >>> 3] ?? 0) | (1 << (run & 7));
    this.left--;
  }

  undo(run: number): void {
    if (!this.isOver(run)) return;
    this.bits[run >>> 3] = (this.bits[run >>> 3] ?? 0) & ~(1 << (run & 7));
    this.left++;
  }
}

/** The groups of the inbox, and what one transaction does to them: it can be undone. */
export class InboxProgress {
  readonly #groups = new Map<number, GroupProgress>();
  #ended: RunPlace[] = [];
  /** The group that the transaction received. */
  #received: number | undefined;

  /** A group of an earlier transaction. */
  add(id: number, group: GroupProgress): void {
    this.#groups.set(id, group);
  }

  /** A group of this transaction. When it fails, the next attempt may have more events in the same group. */
  receive(id: number, group: GroupProgress): void {
    this.#received = id;
    this.#groups.set(id, group);
  }

  end(place: RunPlace): void {
    const group = this.#groups.get(place.group);
    if (group === undefined) throw new Error(`Cannot end a run of the inbox group ${place.group} as there is none`);
    group.end(place.run);
    this.#ended.push(place);
  }

  /** Groups that the transaction changed. */
  touched(): ReadonlyMap<number, GroupProgress> {
    const touched = new Map<number, GroupProgress>();
    for (const { group } of this.#ended) {
      const progress = this.#groups.get(group);
      if (progress !== undefined) touched.set(group, progress);
    }
    return touched;
  }

  get(id: number): GroupProgress | undefined {
    return this.#groups.get(id);
  }

  committed(): void {
    for (const [id, group] of this.touched()) if (group.left === 0) this.#groups.delete(id);
    this.#ended = [];
    this.#received = undefined;
  }

  rolledBack(): void {
    for (const { group, run } of this.#ended) this.#groups.get(group)?.undo(run);
    this.#ended = [];
    if (this.#received !== undefined) this.#groups.delete(this.#received);
    this.#received = undefined;
  }
}
