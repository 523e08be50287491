import { RUNTIME_BOUNDS } from '../../limits.js';
import { AbiFault } from './abi-fault.js';
import type { Resource } from './types.js';

/** Stands for a grant of the run that opened it: none is left to the next. */
const OF_ONE_RUN: Resource = 'wasi:keyvalue/store/bucket';

interface Held {
  /** By handle; undefined where there is none. */
  readonly resources: (Resource | undefined)[];
  readonly values: unknown[];
  /** Handles that were given back, the next to be given out last. */
  readonly free: number[];
}

/**
 * Resources that the guest holds, by handle, each with its type. Index 0 is
 * never a handle. A guest that uses a handle as what it is not is trapped.
 */
export class Handles {
  #held: Held = { resources: [undefined], values: [undefined], free: [] };
  #pristine: Held = copyOf(this.#held);
  #changed = false;

  /** @throws AbiFault when the guest holds as many as it may. */
  add(resource: Resource, value: unknown): number {
    if (this.live >= RUNTIME_BOUNDS.handles) {
      throw new AbiFault(`at most ${RUNTIME_BOUNDS.handles} handles can be held at once`);
    }
    const { resources, values, free } = this.#held;
    const handle = free.pop() ?? resources.length;
    resources[handle] = resource;
    values[handle] = value;
    this.#changed = true;
    return handle;
  }

  /** @throws AbiFault when there is none, or of another type. */
  get(resource: Resource, index: number): unknown {
    const handle = index >>> 0;
    const held = this.#held.resources[handle];
    if (held === undefined) throw new AbiFault(`there is no handle ${handle}`);
    if (held !== resource) throw new AbiFault(`handle ${handle} is a ${held}, not a ${resource}`);
    return this.#held.values[handle];
  }

  /** @returns what it stood for. @throws AbiFault as `get`. */
  remove(resource: Resource, index: number): unknown {
    const value = this.get(resource, index);
    const { resources, values, free } = this.#held;
    resources[index >>> 0] = undefined;
    values[index >>> 0] = undefined;
    free.push(index >>> 0);
    this.#changed = true;
    return value;
  }

  get live(): number {
    return this.#held.resources.length - 1 - this.#held.free.length;
  }

  /** For a guest whose memory lasts: it may go on using what is no grant, such as standard output. */
  endRun(): void {
    for (const [handle, resource] of this.#held.resources.entries()) {
      if (resource === OF_ONE_RUN) this.remove(resource, handle);
    }
  }

  /** Takes what is held now for the beginning: start functions may have opened something. */
  keep(): void {
    this.#pristine = copyOf(this.#held);
    this.#changed = false;
  }

  /**
   * Which handles there are, where none but those of the beginning is left, so that a new instance has them too;
   * otherwise undefined.
   */
  get kept(): { readonly size: number; readonly free: readonly number[] } | undefined {
    const { resources, values, free } = this.#held;
    for (let i = 1; i < resources.length; i++) {
      if (resources[i] === undefined) continue;
      if (resources[i] !== this.#pristine.resources[i] || values[i] !== this.#pristine.values[i]) return undefined;
    }
    return { size: resources.length, free: [...free] };
  }

  /** In a new instance, gives handles back until there are those that `kept` told of. @throws Error when it cannot. */
  continueFrom({ size, free }: { readonly size: number; readonly free: readonly number[] }): void {
    const isFree = new Set(free);
    const { resources, values } = copyOf(this.#pristine);
    resources.length = size;
    values.length = size;
    for (let i = 1; i < size; i++) {
      if (isFree.has(i)) resources[i] = values[i] = undefined;
      else if (resources[i] === undefined) throw new Error(`the instance does not begin with handle ${i}`);
    }
    this.#held = { resources, values, free: [...free] };
    this.#changed = true;
  }

  /** As at the beginning: also the order in which handles are given out. */
  reset(): void {
    if (!this.#changed) return;
    this.#held = copyOf(this.#pristine);
    this.#changed = false;
  }
}

function copyOf({ resources, values, free }: Held): Held {
  return { resources: [...resources], values: [...values], free: [...free] };
}
