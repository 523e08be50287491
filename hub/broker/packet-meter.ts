/**
 * Follows the framing of an MQTT byte stream and finds packets that are
 * announced as longer than allowed, before anyone buffers them. Pure.
 *
 * Framing: one byte of type and flags, then the remaining length in one to
 * four bytes of seven bits, low ones first (MQTT 3.1.1, section 2.2).
 */
export class PacketMeter {
  /** Bytes of the present packet still to come. */
  private body = 0;
  private length = 0;
  private shift = 0;
  /** Which byte comes next, while not in a body. */
  private next: 'type' | 'length' = 'type';

  constructor(private readonly mostBytes: number) {}

  /** Whether a packet that begins in this chunk, or went on into it, announces more than allowed. */
  exceeds(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.body > 0) {
        const skipped = Math.min(this.body, chunk.length - at);
        this.body -= skipped;
        at += skipped;
        continue;
      }
      const byte = chunk[at] ?? 0;
      at += 1;
      if (this.next === 'type') {
        this.next = 'length';
        this.length = 0;
        this.shift = 0;
        continue;
      }
      this.length += (byte & 0x7f) * 2 ** this.shift;
      this.shift += 7;
      if (this.length > this.mostBytes || this.shift > 28) return true;
      if (byte < 0x80) {
        this.body = this.length;
        this.next = 'type';
      }
    }
    return false;
  }
}
