/**
 * The distribution of a quantity in little memory, whatever the number of
 * values: buckets that grow by 5 %, so a quantile is right to within that.
 */
const GROWTH = Math.log(1.05);
/** Values below are counted as this: a microsecond, for milliseconds. */
const LEAST = 0.001;

export class Histogram {
  private readonly buckets = new Map<number, number>();
  private count = 0;

  add(value: number): void {
    const bucket = Math.round(Math.log(Math.max(value, LEAST)) / GROWTH);
    this.buckets.set(bucket, (this.buckets.get(bucket) ?? 0) + 1);
    this.count += 1;
  }

  /** The value below which that share lies; undefined without values. */
  quantile(share: number): number | undefined {
    let rank = Math.ceil(share * this.count);
    for (const [bucket, count] of [...this.buckets].toSorted(([a], [b]) => a - b)) {
      rank -= count;
      if (rank <= 0) return Math.exp(bucket * GROWTH);
    }
    return undefined;
  }
}
