/**
 * Which retained messages an embedded broker keeps: they stay in memory for
 * good, so both their number and their bytes are bounded. Pure.
 */
export class RetainedBudget {
  private readonly sizes = new Map<string, number>();
  private bytes = 0;

  constructor(private readonly most: { readonly topics: number; readonly bytes: number }) {}

  /** Whether a message may be retained. An empty one clears its topic (MQTT 3.1.1, section 3.3.1.3) and always may. */
  admits(topic: string, payloadBytes: number): boolean {
    const before = this.sizes.get(topic);
    if (payloadBytes === 0) {
      this.sizes.delete(topic);
      this.bytes -= before ?? 0;
      return true;
    }
    const size = payloadBytes + topic.length;
    const bytes = this.bytes - (before ?? 0) + size;
    if (bytes > this.most.bytes) return false;
    if (before === undefined && this.sizes.size >= this.most.topics) return false;
    this.sizes.set(topic, size);
    this.bytes = bytes;
    return true;
  }
}
