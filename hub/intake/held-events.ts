import type { Taken } from './deliveries.js';
import type { IncomingMessage } from '../broker-link.js';
import { Fifo } from '../queue/index.js';
import type { DeployedTask, Match } from '../registry/index.js';

/** An event that is kept unacknowledged until there is room for it. */
export interface Held {
  readonly message: IncomingMessage;
  readonly matches: readonly Match[];
  /** When it came, by the monotonic clock. */
  readonly arrivedMs: number;
  /** How its delivery is known again, above QoS 0. */
  readonly taken: Taken | undefined;
}

/**
 * The events that are held: in one line those for which the hub has no room,
 * and in a line for each task those that a task with `overflow = "reject"` has
 * none for. Within a line order is kept, and so is the order of each topic,
 * whose events are all held in the same line.
 */
export class HeldEvents {
  readonly #forRoom = new Fifo<Held>();
  readonly #forTask = new Map<DeployedTask, Fifo<Held>>();
  #count = 0;

  /** Those that wait for room in the hub. */
  get countForRoom(): number {
    return this.#forRoom.length;
  }

  get count(): number {
    return this.#count;
  }

  /** Those that a task has no room for. */
  countFor(task: DeployedTask): number {
    return this.#forTask.get(task)?.length ?? 0;
  }

  holdsFor(task: DeployedTask): boolean {
    return this.#forTask.has(task);
  }

  /** @param task The one in whose line it is; undefined when it is the hub that has no room. */
  hold(held: Held, task: DeployedTask | undefined): void {
    this.#count++;
    this.#lineOf(task).push(held);
  }

  /** Takes out those that wait for room in the hub, one after another, while the first may go. */
  *forRoom(mayGo: (held: Held) => boolean): Generator<Held> {
    yield* this.#takeFrom(this.#forRoom, mayGo);
  }

  /** Takes out those that wait for room in a task, in each line while the first may go. */
  *forTasks(mayGo: (held: Held) => boolean): Generator<Held> {
    for (const [task, line] of this.#forTask) {
      yield* this.#takeFrom(line, mayGo);
      if (line.length === 0) this.#forTask.delete(task);
    }
  }

  *#takeFrom(line: Fifo<Held>, mayGo: (held: Held) => boolean): Generator<Held> {
    for (let held = line.first(); held !== undefined && mayGo(held); held = line.first()) {
      line.shift();
      this.#count--;
      yield held;
    }
  }

  #lineOf(task: DeployedTask | undefined): Fifo<Held> {
    if (task === undefined) return this.#forRoom;
    let line = this.#forTask.get(task);
    if (line === undefined) {
      line = new Fifo();
      this.#forTask.set(task, line);
    }
    return line;
  }
}
