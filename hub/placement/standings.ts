import type { Standing } from './cost.js';

/**
 * Where runs went last, by task and size: small events of a task may belong
 * here and large ones elsewhere, which is no flapping.
 */
export class Standings {
  readonly #bySize = new Map<string, Standing>();

  of(task: string, payloadBytes: number): Standing | undefined {
    return this.#bySize.get(nameOf(task, payloadBytes));
  }

  note(task: string, payloadBytes: number, side: Standing['side'], nowMs: number): void {
    const name = nameOf(task, payloadBytes);
    if (this.#bySize.get(name)?.side !== side) this.#bySize.set(name, { side, sinceMs: nowMs });
  }

  /** Whether runs of some size of the task went elsewhere. */
  isElsewhere(task: string): boolean {
    for (let size = 0; size < SIZES; size++) if (this.#bySize.get(`${size}/${task}`)?.side === 'remote') return true;
    return false;
  }
}

/** Each is four times the one before: up to a payload of a gigabyte. */
const SIZES = 16;

function nameOf(task: string, payloadBytes: number): string {
  return `${Math.min(SIZES - 1, Math.floor(Math.log2(payloadBytes + 1) / 2))}/${task}`;
}
