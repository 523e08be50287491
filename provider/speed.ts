import type { Usage } from '../runtime/index.js';
import { PROVIDER_BOUNDS } from './policy.js';

/** Recent runs count most. */
const WEIGHT = 1 / 16;

/** How fast runs spend fuel here, of late. */
export class Speed {
  #fuelPerSecond = 0;

  /** 0 until a run was long enough to tell. */
  get fuelPerSecond(): number {
    return this.#fuelPerSecond;
  }

  note({ fuel, wallMs }: Usage): void {
    if (wallMs < PROVIDER_BOUNDS.measuredRunMs) return;
    const fuelPerSecond = (fuel / wallMs) * 1_000;
    this.#fuelPerSecond += (fuelPerSecond - this.#fuelPerSecond) * (this.#fuelPerSecond === 0 ? 1 : WEIGHT);
  }
}
