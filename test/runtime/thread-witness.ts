/**
 * A state in which nothing is stored, and which notes who looked: the thread of
 * each run that reads a key, under the number that the key is.
 */
import { threadId } from 'node:worker_threads';
import type { StateReader } from '../../runtime/index.js';

const SLOTS = 16;

/** How long a run waits for the others that it is to meet. */
const MEETING_MS = 10_000;

/** Notes of threads that looked, as 32-bit numbers: thread + 1 in each slot, 0 where nobody has looked. */
export class ThreadWitness {
  readonly memory: SharedArrayBuffer;
  readonly #slots: Int32Array;

  constructor(memory = new SharedArrayBuffer(4 * SLOTS)) {
    this.memory = memory;
    this.#slots = new Int32Array(memory);
  }

  /** What `createRuntime` is given. */
  get state(): { readonly module: URL; readonly options: unknown } {
    return { module: new URL('./thread-witness.js', import.meta.url), options: this.memory };
  }

  /** The thread that looked at key `slot` last. */
  thread(slot: number): number | undefined {
    const noted = Atomics.load(this.#slots, slot);
    return noted === 0 ? undefined : noted - 1;
  }

  note(slot: number): void {
    Atomics.store(this.#slots, slot, threadId + 1);
    Atomics.notify(this.#slots, slot);
  }

  /** Holds this thread until someone has looked at `slot`. */
  meet(slot: number): void {
    Atomics.wait(this.#slots, slot, 0, MEETING_MS);
  }
}

/**
 * What the runtime loads in each of its threads. A key "3" is noted in slot 3;
 * at "3 4" the run also waits until another has looked at "4".
 */
export function openState(options: unknown): StateReader {
  if (!(options instanceof SharedArrayBuffer)) throw new TypeError('options must be the memory of a ThreadWitness');
  const witness = new ThreadWitness(options);
  const look = (key: string): undefined => {
    const [slot, other] = key.split(' ').map(Number);
    if (slot !== undefined) witness.note(slot);
    if (other !== undefined) witness.meet(other);
  };
  return {
    snapshot: () => ({ get: (_bucket, key) => look(key), keys: () => [], release: () => undefined }),
    close: () => undefined,
  };
}
