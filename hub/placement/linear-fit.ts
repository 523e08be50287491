/** Recent samples count most: one of 32 ago counts a third of the last. */
const KEEP = 1 - 1 / 32;

/**
 * Predicts a cost from a size: a line through what was seen of late, where the
 * size explains the cost, and else the mean.
 */
export class LinearFit {
  #weight = 0;
  #x = 0;
  #y = 0;
  #xx = 0;
  #xy = 0;
  #yy = 0;

  get isEmpty(): boolean {
    return this.#weight === 0;
  }

  note(x: number, y: number): void {
    this.#weight = this.#weight * KEEP + 1;
    this.#x = this.#x * KEEP + x;
    this.#y = this.#y * KEEP + y;
    this.#xx = this.#xx * KEEP + x * x;
    this.#xy = this.#xy * KEEP + x * y;
    this.#yy = this.#yy * KEEP + y * y;
  }

  /** Not less than 0. */
  predict(x: number): number {
    if (this.#weight === 0) return 0;
    const [meanX, meanY] = [this.#x / this.#weight, this.#y / this.#weight];
    const varianceX = this.#xx / this.#weight - meanX * meanX;
    const varianceY = this.#yy / this.#weight - meanY * meanY;
    const covariance = this.#xy / this.#weight - meanX * meanY;
    const isExplained = varianceX > 1e-9 * (1 + meanX * meanX) && covariance * covariance > (varianceX * varianceY) / 2;
    const slope = isExplained ? covariance / varianceX : 0;
    return Math.max(0, meanY + slope * (x - meanX));
  }
}
