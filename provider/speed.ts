import type { Usage } from '../runtime/index.js';
import { PROVIDER_BOUNDS } from './policy.js';

/** Recent runs count most. */
const WEIGHT = 1 / 16;

/** How fast runs spend fuel here, and how long they wait, of late. */
export class Speed {
  #fuelPerSecond = 0;
  #queuedMs = 0;

  /** 0 until a run was long enough to tell. */
  get fuelPerSecond(): number {
    return this.#fuelPerSecond;
  }

  /** What the last runs waited before they were begun. */
  get queuedMs(): number {
    return this.#queuedMs;
  }

  note({ fuel, wallMs }: Usage, queuedMs: number): void {
    this.#queuedMs += (queuedMs - this.#queuedMs) * WEIGHT;
    if (wallMs < PROVIDER_BOUNDS.measuredRunMs) return;
    const fuelPerSecond = (fuel / wallMs) * 1_000;
    this.#fuelPerSecond += (fuelPerSecond - this.#fuelPerSecond) * (this.#fuelPerSecond === 0 ? 1 : WEIGHT);
  }
}
