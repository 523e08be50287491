/** Runs that no thread has yet, in the order in which they came. Those that belong to a thread wait for that one. */
import { RUNTIME_BOUNDS } from '../limits.js';
import type { Ticket } from './ticket.js';

export class Waiting {
  readonly #anywhere: Ticket[] = [];
  /** By thread. */
  readonly #pinned: readonly Ticket[][];
  #length = 0;

  constructor(threads: number) {
    this.#pinned = Array.from({ length: threads }, () => []);
  }

  get length(): number {
    return this.#length;
  }

  push(ticket: Ticket): void {
    this.#length++;
    this.#queueOf(ticket).push(ticket);
  }

  /** Puts runs that were handed out already in front of those that wait. */
  giveBack(tickets: readonly Ticket[]): void {
    this.#length += tickets.length;
    for (const ticket of tickets.toReversed()) this.#queueOf(ticket).unshift(ticket);
  }

  /** Takes what a thread may have next: at most `count`, and one message's bytes unless a single run needs more. */
  take(thread: number, count: number): Ticket[] {
    const pinned = this.#pinned[thread] ?? [];
    const queues = pinned.length > 0 ? [pinned, this.#anywhere] : [this.#anywhere];
    const taken: Ticket[] = [];
    let bytes = 0;
    for (const [i, queue] of queues.entries()) {
      // What waits for this thread has no other, but must not keep out what came for any: each gets half if it has as much.
      const most = i === 0 && queues.length > 1 ? Math.max(1, count >> 1, count - this.#anywhere.length) : count;
      let next = 0;
      for (; next < queue.length && taken.length < most; next++) {
        const ticket = queue[next] as Ticket;
        bytes += ticket.request.event.payload.length;
        if (taken.length > 0 && bytes > RUNTIME_BOUNDS.batchBytes) break;
        taken.push(ticket);
      }
      queue.splice(0, next);
    }
    this.#length -= taken.length;
    return taken;
  }

  /** Those that wait, and the thread that they wait for, if it is one. */
  *all(): Generator<{ readonly ticket: Ticket; readonly thread: number | undefined }> {
    for (const [thread, queue] of this.#pinned.entries()) for (const ticket of queue) yield { ticket, thread };
    for (const ticket of this.#anywhere) yield { ticket, thread: undefined };
  }

  /** Takes all. */
  drain(): Ticket[] {
    this.#length = 0;
    return [...this.#pinned.flatMap((queue) => queue.splice(0)), ...this.#anywhere.splice(0)];
  }

  #queueOf({ request: { isolationKey } }: Ticket): Ticket[] {
    if (isolationKey === undefined) return this.#anywhere;
    return this.#pinned[threadOf(isolationKey, this.#pinned.length)] ?? this.#anywhere;
  }
}

/**
 * The thread that keeps what runs of a key leave in memory: always the same, so
 * that they find it. FNV-1a, which spreads keys that differ in one character.
 * http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function threadOf(key: string, threads: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % threads;
}
